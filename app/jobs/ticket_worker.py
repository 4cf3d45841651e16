"""The loop of a worker: hands in what has ended, says that it lives, takes what its hands are free for.

PgQueuer's own loop ends with its connection, but only once every ticket in hand has been worked off: a worker whose
database was away for a second would take nothing for minutes, and let what it holds go stale (docs/decisions/0025).
Here the work goes on by itself, and after any trouble the loop goes on through another connection.
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress

from pgqueuer import Job
from pgqueuer.domain.types import JobId

from app.jobs.kept_table import KeptTable
from app.jobs.ticket_table import TicketTable
from app.jobs.tickets_in_hand import TicketsInHand
from lib.streaming.alarm import Alarm
from lib.streaming.clock import Clock
from lib.streaming.errors import StorageUnavailable
from lib.streaming.ports.job_queue import Handler, Outcome
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import ExecutionId

log = logging.getLogger(__name__)

#: Tickets taken at a time, so that workers that wake together share what came.
BATCH = 10
HEARTBEAT_SECONDS = 1.0
#: How often it looks without being woken: a worker that died wakes nobody.
LOOK_SECONDS = 1.0
#: Workers that wanted the same tickets try again at different moments.
LOOK_AGAIN_SECONDS = (0.001, 0.03)
TRIM_SECONDS = 60.0
RESTART_SECONDS = 0.5
CLOSE_SECONDS = 2.0


class TicketWorker:
    """`hands`: how many tickets it holds at a time. Serve `run()` as a supervised task."""

    def __init__(self, table: KeptTable, handler: Handler, clock: Clock, hands: int) -> None:
        self._table = table
        self._in_hand = TicketsInHand(handler)
        self._clock = clock
        self._hands = hands
        self._supervisor = Supervisor(clock)
        self._alarm = Alarm(clock)
        self._over = asyncio.Event()
        self._jobs: dict[JobId, Job] = {}
        self._ended: dict[JobId, Outcome] = {}
        self._beat_at = 0.0
        self._trim_at = 0.0
        self._closing = False

    def wake(self) -> None:
        """There may be something to do."""
        self._alarm.ring()

    def pause(self) -> None:
        """Take no further tickets."""
        self._in_hand.paused = True

    async def run(self) -> None:
        """Until it is closed and has handed in everything."""
        while self._jobs or not self._closing:
            try:
                async with self._table.use() as table:
                    wait = await self._round(table)
            except StorageUnavailable as error:
                log.warning("%s The worker goes on as soon as they do.", error.message)
                await self._clock.sleep(RESTART_SECONDS)
            else:
                await self._alarm.wait(wait)
        self._over.set()

    async def close(self) -> None:
        """Cancel what is in hand, give its tickets back, and return once all of it has let go."""
        self.pause()
        self._closing = True
        await self._in_hand.cancel()
        self.wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._over.wait()
        await self._supervisor.close()

    async def _round(self, table: TicketTable) -> float:
        """Everything there is to do; how long there is nothing more."""
        await self._hand_in(table)
        now = self._clock.monotonic()
        if self._jobs and now >= self._beat_at:
            self._beat_at = now + HEARTBEAT_SECONDS
            await table.keep(self._jobs)
        if now >= self._trim_at:
            self._trim_at = now + TRIM_SECONDS
            await table.trim_log()
        wait = await self._take(table)
        return min(wait, HEARTBEAT_SECONDS) if self._jobs else wait

    async def _hand_in(self, table: TicketTable) -> None:
        ended = dict(self._ended)
        if not ended:
            return
        done = [self._jobs[ticket] for ticket, outcome in ended.items() if outcome is Outcome.DONE]
        back = [self._jobs[ticket] for ticket, outcome in ended.items() if outcome is Outcome.GIVE_BACK]
        await table.hand_in(done, back)
        for ticket in ended:
            del self._jobs[ticket], self._ended[ticket]

    async def _take(self, table: TicketTable) -> float:
        while not self._in_hand.paused and (free := self._hands - len(self._jobs)) > 0:
            most = min(free, BATCH)
            jobs = await table.take(most)
            for job in jobs:
                self._begin(job)
            if len(jobs) < most:
                return random.uniform(*LOOK_AGAIN_SECONDS) if await table.has_more() else LOOK_SECONDS  # noqa: S311
        return LOOK_SECONDS

    def _begin(self, job: Job) -> None:
        # After a late sign of life our own ticket may be offered to us as a lost one.
        if job.id not in self._jobs:
            self._jobs[job.id] = job
            self._supervisor.start(f"ticket-{job.id}", self._work_on(job))

    async def _work_on(self, job: Job) -> None:
        outcome = Outcome.DONE
        try:
            outcome = await self._in_hand.work_on(ExecutionId((job.payload or b"").decode()))
        except asyncio.CancelledError:
            outcome = Outcome.GIVE_BACK if self._closing else Outcome.DONE
            raise
        finally:
            self._ended[job.id] = outcome
            self.wake()

"""The queue of a single process, on PgQueuer's in-memory adapter."""

from __future__ import annotations

import logging
from datetime import timedelta

import anyio
from pgqueuer import InMemoryDriver, InMemoryQueries, Job, QueueManager, RetryRequested
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder

from app.jobs.object_names import object_names
from app.jobs.tickets_in_hand import TicketsInHand
from lib.streaming.clock import Clock
from lib.streaming.ports.job_queue import Handler, Outcome, QueueStats
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import ExecutionId

log = logging.getLogger(__name__)

ENTRYPOINT = "execution"
BATCH = 10
RESTART_SECONDS = 1.0

#: A submit wakes the queue by itself; this is only how often it looks without being woken.
LOOK_AGAIN = timedelta(seconds=30)
#: Tickets die with this process, so none of them ever has to be taken from a dead worker.
NEVER = timedelta(days=3650)
#: PgQueuer writes up to three log rows for every ticket and would keep them for ever.
STEPS_PER_TRIM = 500


def memory_queries() -> InMemoryQueries:
    names = object_names()
    return InMemoryQueries(
        driver=InMemoryDriver(),
        qbe=QueryBuilderEnvironment(settings=names),
        qbq=QueryQueueBuilder(settings=names),
        qbs=QuerySchedulerBuilder(settings=names),
    )


class MemoryJobQueue:
    """At most `concurrency` handlers at once. Tickets vanish with the process, and waiting ones with `close`."""

    def __init__(self, clock: Clock, concurrency: int = 1000, queries: InMemoryQueries | None = None) -> None:
        self._queries = queries or memory_queries()
        self._manager = QueueManager(self._queries, self._queries.qbq.settings.channel)
        self._clock = clock
        self._supervisor = Supervisor(clock)
        self._concurrency = concurrency
        self._in_hand: TicketsInHand | None = None
        self._tickets: set[ExecutionId] = set()
        self._steps = 0

    async def open(self, handler: Handler | None) -> None:
        if handler is None:
            return
        in_hand = self._in_hand = TicketsInHand(handler)

        async def take(job: Job) -> None:
            await self._take(in_hand, ExecutionId((job.payload or b"").decode()))

        register = self._manager.entrypoint(ENTRYPOINT, concurrency_limit=self._concurrency, accepts_context=False)
        register(take)
        # PgQueuer makes one for every ticket; the first loads anyio's backend, for which no execution should wait.
        anyio.CancelScope()
        self._supervisor.start("job-queue", self._keep_working())

    async def submit(self, *execution_ids: ExecutionId) -> None:
        for execution_id in execution_ids:
            if execution_id not in self._tickets:
                self._tickets.add(execution_id)
                await self._trim_log()
                await self._queries.enqueue(ENTRYPOINT, execution_id.encode())

    async def stats(self) -> QueueStats:
        running = len(self._in_hand or ())
        return QueueStats(queued=len(self._tickets) - running, running=running)

    async def pause(self) -> None:
        self._manager.shutdown.set()
        if self._in_hand is not None:
            self._in_hand.paused = True

    async def close(self) -> None:
        """Cancel the handlers still in hand and return once they have let go."""
        await self.pause()
        if self._in_hand is not None:
            await self._in_hand.cancel()
        await self._supervisor.close()

    async def _take(self, in_hand: TicketsInHand, execution_id: ExecutionId) -> None:
        outcome = Outcome.DONE
        await self._trim_log()
        try:
            outcome = await in_hand.work_on(execution_id)
        finally:
            if outcome is Outcome.DONE:
                self._tickets.discard(execution_id)
        if outcome is Outcome.GIVE_BACK:
            raise RetryRequested(reason="given back")

    async def _keep_working(self) -> None:
        while not self._manager.shutdown.is_set():
            try:
                await self._manager.run(
                    dequeue_timeout=LOOK_AGAIN,
                    batch_size=BATCH,
                    heartbeat_timeout=NEVER,
                    log_aggregation_interval=timedelta(0),
                )
            except Exception:
                log.exception("the job queue failed and starts again")
                await self._clock.sleep(RESTART_SECONDS)

    async def _trim_log(self) -> None:
        self._steps += 1
        if self._steps % STEPS_PER_TRIM == 0:
            await self._queries.clear_queue_log()

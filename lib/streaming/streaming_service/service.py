"""The engine's front door: what a route needs, and nothing about HTTP."""

from __future__ import annotations

import asyncio
import logging

from lib.streaming.clock import Clock
from lib.streaming.errors import Draining, StreamingError
from lib.streaming.event_log.log import EventLog
from lib.streaming.execution_manager.lease_keeper import LeaseKeeper
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.execution_manager.prompt_run import Tools
from lib.streaming.execution_manager.receipt import CancelReceipt
from lib.streaming.execution_manager.sweep import Sweep
from lib.streaming.ports.execution_store import Accepted, Claim, ExecutionStore, NewExecution
from lib.streaming.ports.job_queue import JobQueue, Outcome
from lib.streaming.ports.log_store import LogStore
from lib.streaming.ports.other_nodes import OtherNodes
from lib.streaming.streaming_service.neighbours import Neighbours
from lib.streaming.streaming_service.stopping import Stopper
from lib.streaming.streaming_service.view import Doorkeeper, View
from lib.streaming.streaming_service.viewers import Viewers
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import EndedBy, ExecutionId, WorkerId

log = logging.getLogger(__name__)


class StreamingService:
    """start · follow · cancel · drain. Built once by the composition root; `open` before use, `close` last."""

    def __init__(
        self,
        *,
        store: ExecutionStore,
        log_store: LogStore,
        queue: JobQueue,
        tools: Tools,
        worker: WorkerId,
        others: OtherNodes | None = None,
    ) -> None:
        clock: Clock = tools.clock
        self._store = store
        self._queue = queue
        self._supervisor = Supervisor(clock)
        give_up_seconds = tools.settings.lease_seconds - tools.settings.renew_seconds
        self.events = EventLog(log_store, clock, give_up_seconds, tools.settings.commit_pace_seconds)
        self.manager = ExecutionManager(store, self.events, tools, worker)
        self.viewers = Viewers(self.manager, clock)
        self._leases = LeaseKeeper(store, self.manager, clock, tools.settings)
        self.sweep = Sweep(store, queue, self.manager, clock, tools.settings)
        self._stopper = Stopper(store, self.events, self.manager, clock, tools.settings)
        self._neighbours = None
        if others is not None:
            self._neighbours = Neighbours(
                others, self.events, self.manager, self._leases, self.viewers, clock, tools.settings
            )
        self._door: Doorkeeper = self._neighbours.audience if self._neighbours else self.viewers
        self._works = False
        self._draining = False

    async def open(self, *, only_node: bool = False, works: bool = True) -> None:
        """Start. A node that knows it is the only one takes over what its predecessor left at once.

        One that does not work starts no execution and finds none that was left: it serves, and ends what is stopped.
        """
        self._works = works
        await self.events.open()
        if only_node:
            await self._store.expire_leases()
        await self._queue.open(self.manager.run if works else None)
        self._supervisor.keep("lease-keeper", self._leases.run)
        if works:
            self._supervisor.keep("sweep", self.sweep.run)
        if self._neighbours:
            self._neighbours.open()

    async def start(self, new: NewExecution) -> Accepted:
        """Store an execution and offer it to a worker; when this returns it is committed.

        Raises `Draining`, `IdempotencyConflict`, `TooManyExecutions`, `StorageUnavailable`.
        """
        if self._draining:
            raise Draining("This server is stopping; try again in a moment.")
        accepted = await (self.manager.start(new) if self._works else self._store.create(new))
        if accepted.claim is not None:
            self._supervisor.start(f"execution-{accepted.id}", self._run(accepted.claim))
            # Its first step makes the execution known here: whoever follows it next need not ask the store.
            await asyncio.sleep(0)
        elif not (accepted.status.terminal or accepted.ticketed):
            await self._offer(accepted.id)
        return accepted

    async def _run(self, claim: Claim) -> None:
        """An execution that went past the queue; given back, it goes there."""
        if await self.manager.go_on(claim) is Outcome.GIVE_BACK and not self._draining:
            await self._offer(claim.handle.context.execution_id)

    async def _offer(self, execution_id: ExecutionId) -> None:
        """The execution is committed, so whatever happens to its ticket, it is accepted: the sweep makes another."""
        try:
            await self._queue.submit(execution_id)
        except StreamingError as error:
            log.warning("execution %s gets its ticket later: %s", execution_id, error.message)

    async def follow(self, execution_id: ExecutionId, after: int = 0) -> View | None:
        """A view of the events after a number; None if the execution ended and nothing is left.

        Raises `ExecutionNotFound`. Whoever gets a view must `close` it.
        """
        follower = await self.events.follow(execution_id, after)
        return None if follower is None else View(follower, self._door)

    async def cancel(self, execution_id: ExecutionId, by: EndedBy) -> CancelReceipt | None:
        """Stop an execution and tell what happened, within the stop's bounded wait; None if there is none."""
        return await self._stopper.stop(execution_id, by)

    def send_viewers_away(self) -> None:
        """To be called before this node ends its streams: nobody who leaves from now on has left by themselves."""
        self._door.send_away()

    async def drain(self, window_seconds: float) -> None:
        """Take nothing new; let running prompts end within the window, then hand their executions over."""
        self._draining = True
        await self._queue.pause()
        await self.manager.drain(window_seconds)

    async def close(self) -> None:
        self.viewers.close()
        if self._neighbours:
            await self._neighbours.close()
        await self._supervisor.close()
        await self._queue.close()
        await self.events.close()

"""A stop, from the request to a receipt that tells the truth."""

from __future__ import annotations

import asyncio

from lib.streaming.clock import Clock
from lib.streaming.event_log.log import EventLog
from lib.streaming.execution_manager.execution_run import ExecutionRun
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.execution_manager.receipt import CancelReceipt, StopOutcome
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.ports.execution_store import ExecutionStore, Ownership
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus

LOOK_AGAIN_SECONDS = 0.25

#: What a stop did, by how it found the execution before it ended.
_OUTCOMES = {
    Ownership.OWNED: StopOutcome.STOPPED,
    Ownership.PENDING: StopOutcome.STOPPED_BEFORE_START,
    Ownership.LAPSED: StopOutcome.OWNER_LOST,
}


class Stopper:
    """Leaves the flag, wakes the owner, and waits a bounded time for the terminal state."""

    def __init__(
        self, store: ExecutionStore, events: EventLog, manager: ExecutionManager, clock: Clock, settings: EngineSettings
    ) -> None:
        self._store = store
        self._events = events
        self._manager = manager
        self._clock = clock
        self._settings = settings

    async def stop(self, execution_id: ExecutionId, by: EndedBy) -> CancelReceipt | None:
        """Stop an execution; None if there is none. Repeating it is harmless."""
        asked, outcome = self._clock.monotonic(), StopOutcome.ALREADY_FINISHED
        while (view := await self._store.request_cancel(execution_id, by)) is not None:
            if view.ownership is Ownership.TERMINAL:
                told = outcome if view.status is ExecutionStatus.CANCELLED else StopOutcome.ALREADY_FINISHED
                return self._receipt(asked, told, view.status, view.kept_chars)
            if run := self._manager.find(execution_id):
                return await self._stop_run(run, by, asked)
            if self._clock.monotonic() - asked >= self._settings.stop_wait_seconds:
                return self._receipt(asked, StopOutcome.OWNER_LOST, view.status, closed=False)
            outcome = _OUTCOMES[view.ownership]
            if view.ownership is Ownership.OWNED:
                await self._events.ended(execution_id, LOOK_AGAIN_SECONDS)
            else:
                # Claiming it with the flag set ends it at once.
                await self._manager.finish(execution_id)
        return None

    async def _stop_run(self, run: ExecutionRun, by: EndedBy, asked: float) -> CancelReceipt:
        run.stop(by)
        await asyncio.wait({run.settled}, timeout=self._settings.stop_wait_seconds)
        ending = run.ending
        if ending is None or not run.written:
            status = ExecutionStatus.RUNNING
            return self._receipt(asked, StopOutcome.OWNER_LOST, status, closed=run.upstream_closed)
        stopped = ending.status is ExecutionStatus.CANCELLED and ending.ended_by is by
        outcome = StopOutcome.STOPPED if stopped else StopOutcome.ALREADY_FINISHED
        return self._receipt(asked, outcome, ending.status, run.kept_chars, closed=run.upstream_closed)

    def _receipt(
        self, asked: float, outcome: StopOutcome, status: ExecutionStatus, kept_chars: int = 0, *, closed: bool = True
    ) -> CancelReceipt:
        latency_ms = round((self._clock.monotonic() - asked) * 1000)
        return CancelReceipt(outcome, status, closed, latency_ms, kept_chars)

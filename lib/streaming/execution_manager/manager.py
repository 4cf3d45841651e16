"""The executions of one worker: claimed, run, stopped, handed over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from lib.streaming.errors import StreamingError
from lib.streaming.event_log.log import EventLog
from lib.streaming.execution_manager.execution_run import ExecutionRun
from lib.streaming.execution_manager.prompt_run import Tools
from lib.streaming.execution_manager.slots import Slots
from lib.streaming.ports.execution_store import Accepted, Claim, Claimant, ExecutionStore, NewExecution
from lib.streaming.ports.job_queue import Outcome
from lib.streaming.types import EndedBy, Epoch, ExecutionId, WorkerId

log = logging.getLogger(__name__)


class ExecutionManager:
    """`run` is the queue's handler. Everything else reaches into the runs this worker owns."""

    def __init__(self, store: ExecutionStore, events: EventLog, tools: Tools, worker: WorkerId) -> None:
        self.worker = worker
        self._store = store
        self._events = events
        self._tools = tools
        self._runs: dict[ExecutionId, ExecutionRun] = {}
        self._slots = Slots(tools.settings.max_running)
        self._draining = False
        self.on_claim: Callable[[ExecutionRun], None] | None = None

    async def run(self, execution_id: ExecutionId) -> Outcome:
        """Claim an execution once there is a slot for it, and run it to its end, or until it is lost or handed over."""
        await self._slots.take()
        try:
            return Outcome.GIVE_BACK if self._draining else await self.finish(execution_id)
        finally:
            self._slots.give_back()

    async def start(self, new: NewExecution) -> Accepted:
        """Store an execution; claimed for this worker, to be handed to `go_on`, if it has a slot for it now."""
        settings = self._tools.settings
        if self._draining or not settings.claim_at_start or not self._slots.take_now():
            return await self._store.create(new)
        accepted = None
        try:
            accepted = await self._store.create(new, Claimant(self.worker, settings.lease_seconds))
        finally:
            if accepted is None or accepted.claim is None:
                self._slots.give_back()
        return accepted

    async def go_on(self, claim: Claim) -> Outcome:
        """Run what `start` claimed."""
        try:
            return await self._own(claim)
        finally:
            self._slots.give_back()

    async def finish(self, execution_id: ExecutionId) -> Outcome:
        """As `run`, also while draining: for an execution whose end is already known (stopped, overdue)."""
        if execution_id in self._runs:
            # Ours, with a lease that lapsed; that run finds out by itself, and the sweep comes again.
            return Outcome.DONE
        claim = await self._store.claim(execution_id, self.worker, self._tools.settings.lease_seconds)
        if claim is None:
            return Outcome.DONE
        return await self._own(claim)

    async def _own(self, claim: Claim) -> Outcome:
        """Run what this worker has claimed, to its end or until it is lost or handed over."""
        execution_id = claim.handle.context.execution_id
        if older := self._runs.get(execution_id):
            # Two claims of ours were under way at once, and the lease of one lapsed before it was answered.
            if older.claim.epoch > claim.epoch:
                return Outcome.DONE
            older.give_up()
        appender = self._events.append_to(claim.handle, claim.epoch)
        run = ExecutionRun(claim, appender, self._tools)
        appender.on_failure = run.give_up
        self._runs[execution_id] = run
        if self._draining:
            # Claimed before, and answered only now: it may end, if its end is known, but it begins nothing.
            run.hand_over()
        if self.on_claim is not None:
            self.on_claim(run)
        try:
            outcome = await self._execute(run)
        finally:
            self._forget(execution_id, run)
            self._events.release(appender)
        if run.written:
            await self._compact(execution_id)
        return outcome

    async def _execute(self, run: ExecutionRun) -> Outcome:
        try:
            if await run.execute() is None:
                await self._let_go(run)
                return Outcome.GIVE_BACK
        except StreamingError as error:
            log.warning("execution %s was given up: %s", run.execution_id, error.message)
        except asyncio.CancelledError:
            await self._let_go(run)
            raise
        return Outcome.DONE

    async def _compact(self, execution_id: ExecutionId) -> None:
        """Nobody waits for this; what fails here is packed by the sweep."""
        try:
            await self._store.compact(execution_id)
        except StreamingError as error:
            log.warning("execution %s is not compacted yet: %s", execution_id, error.message)

    async def _let_go(self, run: ExecutionRun) -> None:
        """Give an unfinished execution back, with everything it has put into the log."""
        with suppress(StreamingError):
            await run.flush()
            await self._store.release(run.execution_id, run.claim.epoch)

    def _forget(self, execution_id: ExecutionId, run: ExecutionRun) -> None:
        if self._runs.get(execution_id) is run:
            del self._runs[execution_id]
        if not run.settled.done():
            run.settled.set_result(None)

    # --- what is asked of the runs ------------------------------------------------------------------------------

    def find(self, execution_id: ExecutionId) -> ExecutionRun | None:
        return self._runs.get(execution_id)

    def held(self) -> Mapping[ExecutionId, Epoch]:
        return {execution_id: run.claim.epoch for execution_id, run in self._runs.items()}

    def stop(self, execution_id: ExecutionId, by: EndedBy) -> None:
        if run := self._runs.get(execution_id):
            run.stop(by)

    def lose(self, execution_id: ExecutionId) -> None:
        """Somebody else owns it, or the lease could not be kept: stop without writing."""
        if run := self._runs.get(execution_id):
            if run.ending is None:
                log.warning("execution %s was given up: its lease is lost", execution_id)
            run.give_up()

    async def drain(self, window_seconds: float) -> None:
        """Hand every execution over at its next prompt boundary, and those that take longer at the window's end."""
        self._draining = True
        for run in self._runs.values():
            run.hand_over()
        if waiting := {run.settled for run in self._runs.values()}:
            await asyncio.wait(waiting, timeout=window_seconds)
        for run in list(self._runs.values()):
            run.give_up()
        if waiting := {run.settled for run in self._runs.values()}:
            await asyncio.wait(waiting, timeout=self._tools.settings.close_wait_seconds)

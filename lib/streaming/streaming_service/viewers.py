"""Who watches what, and what is done when the last viewer leaves."""

from __future__ import annotations

from lib.streaming.clock import Clock, Timer
from lib.streaming.definition import DisconnectKind, DisconnectPolicy
from lib.streaming.execution_manager.execution_run import ExecutionRun
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.types import EndedBy, ExecutionId

#: Executions left before their claim that are remembered at most.
MAX_LEFT_EARLY = 10_000


class Viewers:
    """Counts the viewers of each execution on this node and applies its disconnect policy.

    An execution nobody ever watched has no last viewer, so its policy never acts.
    """

    def __init__(self, manager: ExecutionManager, clock: Clock) -> None:
        self._manager = manager
        self._clock = clock
        self._counts: dict[ExecutionId, int] = {}
        self._grace: dict[ExecutionId, Timer] = {}
        self._left_early: dict[ExecutionId, None] = {}
        self._sending_away = False
        manager.on_claim = self._claimed

    def arrived(self, execution_id: ExecutionId) -> None:
        self._counts[execution_id] = self._counts.get(execution_id, 0) + 1
        self._left_early.pop(execution_id, None)
        if timer := self._grace.pop(execution_id, None):
            timer.cancel()
        if run := self._manager.find(execution_id):
            run.go_on()

    def left(self, execution_id: ExecutionId, *, saw_the_end: bool) -> None:
        self._counts[execution_id] -= 1
        if self._counts[execution_id] == 0:
            del self._counts[execution_id]
            if not (saw_the_end or self._sending_away):
                self._last_left(execution_id)

    def send_away(self) -> None:
        """The node stops: its viewers do not leave by themselves and will come back, so no policy acts."""
        self._sending_away = True

    def count(self, execution_id: ExecutionId) -> int:
        return self._counts.get(execution_id, 0)

    def close(self) -> None:
        for timer in self._grace.values():
            timer.cancel()
        self._grace.clear()

    def _last_left(self, execution_id: ExecutionId) -> None:
        if run := self._manager.find(execution_id):
            self._apply(run)
            return
        # Not claimed yet (or not by this node): the policy acts when it is.
        self._left_early[execution_id] = None
        if len(self._left_early) > MAX_LEFT_EARLY:
            del self._left_early[next(iter(self._left_early))]

    def _claimed(self, run: ExecutionRun) -> None:
        if run.execution_id in self._left_early:
            del self._left_early[run.execution_id]
            self._apply(run)

    def _apply(self, run: ExecutionRun) -> None:
        execution_id, policy = run.execution_id, DisconnectPolicy.parse(run.claim.on_disconnect)
        match policy.kind:
            case DisconnectKind.CANCEL:
                run.stop(EndedBy.DISCONNECT)
            case DisconnectKind.FINISH_PROMPT:
                run.stop_after_prompt(EndedBy.DISCONNECT)
            case DisconnectKind.GRACE:
                when = self._clock.monotonic() + policy.grace_seconds
                self._grace[execution_id] = self._clock.call_at(when, lambda: self._grace_over(execution_id))
            case DisconnectKind.CONTINUE:
                pass

    def _grace_over(self, execution_id: ExecutionId) -> None:
        self._grace.pop(execution_id, None)
        if execution_id not in self._counts:
            self._manager.stop(execution_id, EndedBy.DISCONNECT)

"""Who watches what, and what is done when the last viewer leaves."""

from __future__ import annotations

from lib.streaming.clock import Clock, Timer
from lib.streaming.definition import DisconnectKind, DisconnectPolicy
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.types import EndedBy, ExecutionId


class Viewers:
    """Counts the viewers of each execution on this node and applies its disconnect policy.

    An execution nobody ever watched has no last viewer, so its policy never acts.
    """

    def __init__(self, manager: ExecutionManager, clock: Clock) -> None:
        self._manager = manager
        self._clock = clock
        self._counts: dict[ExecutionId, int] = {}
        self._grace: dict[ExecutionId, Timer] = {}

    def arrived(self, execution_id: ExecutionId) -> None:
        self._counts[execution_id] = self._counts.get(execution_id, 0) + 1
        if timer := self._grace.pop(execution_id, None):
            timer.cancel()
        if run := self._manager.find(execution_id):
            run.go_on()

    def left(self, execution_id: ExecutionId) -> None:
        self._counts[execution_id] -= 1
        if self._counts[execution_id] == 0:
            del self._counts[execution_id]
            self._last_left(execution_id)

    def count(self, execution_id: ExecutionId) -> int:
        return self._counts.get(execution_id, 0)

    def close(self) -> None:
        for timer in self._grace.values():
            timer.cancel()
        self._grace.clear()

    def _last_left(self, execution_id: ExecutionId) -> None:
        run = self._manager.find(execution_id)
        if run is None:
            return
        policy = DisconnectPolicy.parse(run.claim.on_disconnect)
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

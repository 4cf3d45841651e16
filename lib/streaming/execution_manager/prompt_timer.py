"""Three of the six clocks: first content token, gap between content tokens, prompt total."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType

from lib.streaming.clock import Clock, Timer
from lib.streaming.errors import PromptFailure

_WORDS = {
    "first_token_timeout": "The model sent no text within {0:g} s.",
    "idle_timeout": "The model sent no further text for {0:g} s.",
    "prompt_timeout": "The prompt took longer than {0:g} s.",
}


class PromptTimer:
    """A context around one attempt: when a clock runs out it cancels the task and raises `PromptFailure`.

    One loop timer serves all clocks: a token only moves a number, so it costs next to nothing. Heartbeats, comments
    and empty deltas must not be reported as tokens. Seconds; `total_until` is in the clock's monotonic time.
    """

    def __init__(self, clock: Clock, *, first_token: float, idle: float, total: float, total_until: float) -> None:
        self._clock = clock
        self._idle = idle
        self._total = total
        self._total_until = total_until
        self._code, self._limit = "first_token_timeout", first_token
        self._until = clock.monotonic() + first_token
        self._armed = math.inf
        self._timer: Timer | None = None
        self._expired: PromptFailure | None = None

    def token(self) -> None:
        """Content arrived: from now on the gap counts."""
        self._code, self._limit = "idle_timeout", self._idle
        self._until = self._clock.monotonic() + self._idle
        if self._until < self._armed:
            self._arm()

    def __enter__(self) -> PromptTimer:
        task = asyncio.current_task()
        assert task is not None, "a timer belongs to a task"
        self._task = task
        self._cancelling = task.cancelling()
        self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._expired is not None and self._task.uncancel() <= self._cancelling and kind is not None:
            raise self._expired from error

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = min(self._until, self._total_until)
        self._timer = self._clock.call_at(self._armed, self._check)

    def _check(self) -> None:
        now = self._clock.monotonic()
        if now >= self._total_until:
            self._expire("prompt_timeout", self._total)
        elif now >= self._until:
            self._expire(self._code, self._limit)
        else:
            self._arm()

    def _expire(self, code: str, limit: float) -> None:
        self._expired = PromptFailure(_WORDS[code].format(limit), code=code)
        self._task.cancel()

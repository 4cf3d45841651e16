"""The system's clock, which a test may put forward."""

from __future__ import annotations

from lib.streaming.clock import SystemClock


class ShiftedClock(SystemClock):
    """Only the time of day moves: what waits goes on waiting as long as it would."""

    def __init__(self) -> None:
        self._ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms

    def advance(self, seconds: float) -> None:
        self._ahead_ms += round(seconds * 1000)

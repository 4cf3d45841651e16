"""How late the event loop runs what is due: the first thing that suffers when a process has too much to do."""

from __future__ import annotations

from lib.streaming.clock import Clock
from lib.streaming.metering.numbers import Histogram

EVERY_SECONDS = 0.25
LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class LoopLag:
    """Serve `run()` as a supervised task."""

    def __init__(self, clock: Clock) -> None:
        self.seconds = Histogram(LAGS)
        self._clock = clock

    async def run(self) -> None:
        while True:
            due = self._clock.monotonic() + EVERY_SECONDS
            await self._clock.sleep(EVERY_SECONDS)
            self.seconds.observe(max(0.0, self._clock.monotonic() - due))

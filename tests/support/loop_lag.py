"""How late the event loop itself was: what a busy machine costs a measurement, and not the measured."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

TICK_SECONDS = 0.01


class LoopLag:
    """`worst`: seconds that the latest tick came late by."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def tick(self) -> None:
        self._handle = self._loop.call_later(TICK_SECONDS, self._came, self._loop.time() + TICK_SECONDS)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _came(self, due: float) -> None:
        self.worst = max(self.worst, self._loop.time() - due)
        self.tick()


@contextmanager
def loop_lag() -> Iterator[LoopLag]:
    lag = LoopLag()
    lag.tick()
    try:
        yield lag
    finally:
        lag.stop()

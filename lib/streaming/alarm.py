"""What a loop waits for: somebody's call, or time."""

from __future__ import annotations

import asyncio

from lib.streaming.clock import Clock


class Alarm:
    """One loop waits, anybody rings. A ring while nobody waits ends the next wait at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return when rung, or after so many seconds."""
        timer = self._clock.call_at(self._clock.monotonic() + seconds, self._rung.set)
        try:
            await self._rung.wait()
        finally:
            timer.cancel()
        self._rung.clear()

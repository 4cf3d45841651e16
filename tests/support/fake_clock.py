"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from functools import partial
from itertools import count


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeClock:
    """Implements `Clock`. `advance` fires what falls due, in order, letting tasks run in between."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self._seconds = 0.0
        self._start_ms = now_ms
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._order = count()

    def now_ms(self) -> int:
        return self._start_ms + round(self._seconds * 1000)

    def monotonic(self) -> float:
        return self._seconds

    def call_at(self, when: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        timer = self.call_at(self._seconds + seconds, partial(_wake, woken))
        try:
            await woken
        finally:
            timer.cancel()

    async def advance(self, seconds: float) -> None:
        until = self._seconds + seconds
        await settle()
        while self._timers and self._timers[0][0] <= until:
            when, _, timer = heapq.heappop(self._timers)
            self._seconds = max(self._seconds, when)
            if timer.callback is not None:
                timer.callback()
                await settle()
        self._seconds = until
        await settle()


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


async def settle(rounds: int = 30) -> None:
    """Let every task that can go on go on."""
    for _ in range(rounds):
        await asyncio.sleep(0)

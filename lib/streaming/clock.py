"""Time as a port: everything that waits or stamps gets a clock, so tests never sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def now_ms(self) -> int:
        """Wall clock in Unix milliseconds."""

    def monotonic(self) -> float:
        """Seconds that only grow; the time base of `call_at`."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back once at `when` (monotonic seconds), unless cancelled."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of the running event loop."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        # The loop's own time may be that of the beginning of its turn, so it is not asked for a point in ours.
        return asyncio.get_running_loop().call_later(max(when - time.monotonic(), 0.0), callback)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def rfc3339(ms: int) -> str:
    """Unix milliseconds as RFC 3339 UTC with exactly three decimals and `Z`."""
    whole = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{ms % 1000:03d}Z"

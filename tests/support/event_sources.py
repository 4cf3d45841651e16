"""Event sources that a test feeds by hand, or that never end."""

from __future__ import annotations

import asyncio

from lib.streaming.clock import Clock


class HandFedSource:
    """Reads what `feed` gave it. `None` ends it, an exception breaks it. Counts how often it was closed."""

    def __init__(self, clock: Clock) -> None:
        self.closed = 0
        self.hang_on_close = False
        self.break_on_close = False
        self._clock = clock
        self._items: list[bytes | Exception | None] = []
        self._waiter: asyncio.Future[None] | None = None

    def feed(self, *items: bytes | Exception | None) -> None:
        self._items.extend(items)
        self._wake()

    async def read(self, max_wait: float) -> bytes | None:
        if not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            timer = self._clock.call_at(self._clock.monotonic() + max_wait, self._wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
        if not self._items:
            return b""
        item = self._items.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    async def close(self) -> None:
        self.closed += 1
        if self.break_on_close:
            raise LookupError("nothing to close")
        if self.hang_on_close:
            await asyncio.Event().wait()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class EndlessSource:
    """Always has the same frame ready and never suspends: the worst neighbour an event loop can have."""

    def __init__(self, frame: bytes, most: int = 1 << 62) -> None:
        self.frame = frame
        self.left = most
        self.closed = 0

    async def read(self, max_wait: float) -> bytes | None:
        if not self.left:
            return None
        self.left -= 1
        return self.frame

    async def close(self) -> None:
        self.closed += 1

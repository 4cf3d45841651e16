"""A short stream that shows what the way to a client does to streams: some events in step, then silence, then the end."""

from __future__ import annotations

from lib.streaming.clock import Clock

TICKS = 10
TICK_SECONDS = 0.1


class DiagnosticSource:
    """An event source. Between the ticks and the end lies one heartbeat's silence."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = 0

    async def read(self, max_wait: float) -> bytes | None:
        self._turn += 1
        if self._turn <= TICKS:
            await self._clock.sleep(TICK_SECONDS)
            return b'event: tick\ndata: {"number":%d,"sentMs":%d}\n\n' % (self._turn, self._clock.now_ms())
        if self._turn == TICKS + 1:
            await self._clock.sleep(max_wait)
            return b""
        return b"event: end\ndata: {}\n\n" if self._turn == TICKS + 2 else None

    async def close(self) -> None:
        return None

"""The event streams this process has open."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Mapping

from app.http.event_stream import Closed, EventSource, EventStream, Permit, StreamFrames, StreamLimits
from lib.streaming.clock import Clock
from lib.streaming.sse_events.frames import HEARTBEAT, draining, opening
from lib.streaming.sse_events.vocabulary import ServerDraining

log = logging.getLogger(__name__)

#: Reconnections after a break, or after a drain of many viewers, are spread over this range.
RETRY_MS = (1000, 5000)

HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


class Deliveries:
    """Opens event streams, and ends them all when the server stops. Use it on one event loop."""

    def __init__(self, clock: Clock, rng: random.Random, limits: StreamLimits | None = None) -> None:
        self._clock = clock
        self._rng = rng
        self._limits = limits or StreamLimits()
        self._streams: set[EventStream] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining = False

    @property
    def draining(self) -> bool:
        return self._draining

    def frames(self, execution_id: str) -> StreamFrames:
        """The native wire's frames with a freshly jittered reconnection time."""
        retry_ms = self._rng.randint(*RETRY_MS)
        return StreamFrames(opening(retry_ms), HEARTBEAT, lambda: self._farewell(retry_ms, execution_id))

    def open(
        self,
        source: EventSource,
        frames: StreamFrames,
        *,
        headers: Mapping[str, str] | None = None,
        permit: Permit | None = None,
    ) -> EventStream:
        """A response to return from a route; from here on the source is closed whatever happens.

        `permit` is asked every 30 s whether the viewer may still look; once it says no, the stream ends.
        """
        self._loop = asyncio.get_running_loop()
        extra = ((name.lower().encode("ascii"), value.encode("latin-1")) for name, value in (headers or {}).items())
        return EventStream(source, frames, (*HEADERS, *extra), self, self._clock, self._limits, permit)

    def __len__(self) -> int:
        return len(self._streams)

    def drain(self) -> None:
        """End every stream with its draining frame, now and from now on."""
        self._draining = True
        for stream in list(self._streams):
            stream.cut(Closed.DRAINING)

    async def close(self) -> None:
        """Wait until every source has been let go (each within its own limit)."""
        while self._closing:
            await asyncio.wait(self._closing)

    def entered(self, stream: EventStream) -> None:
        self._streams.add(stream)

    def left(self, stream: EventStream) -> None:
        self._streams.discard(stream)

    def let_go(self, source: EventSource) -> Awaitable[None]:
        task = asyncio.get_running_loop().create_task(self._close_source(source), name="close-event-source")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task

    def abandoned(self, source: EventSource) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.let_go, source)

    def _farewell(self, retry_ms: int, execution_id: str) -> bytes:
        return draining(ServerDraining(retry_ms), execution_id, self._clock.now_ms())

    async def _close_source(self, source: EventSource) -> None:
        try:
            async with asyncio.timeout(self._limits.close):
                await source.close()
        except TimeoutError:
            log.warning("an event source did not close within %g s", self._limits.close)
        except Exception:
            log.exception("an event source failed to close")

"""The event streams this process has open."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from app.http.event_stream import EventSource, EventStream, StreamFrames
from lib.streaming.clock import Clock

#: Whether the viewer may still look; asked again and again during a long stream.
Permit: TypeAlias = Callable[[], Awaitable[bool]]


class Deliveries:
    """Opens event streams, and ends them all when the server stops."""

    def __init__(
        self, clock: Clock, rng: random.Random, *, heartbeat_seconds: float = 15.0, send_seconds: float = 30.0
    ) -> None:
        raise NotImplementedError

    def frames(self, execution_id: str) -> StreamFrames:
        """The native wire's frames with a freshly jittered reconnection time."""
        raise NotImplementedError

    def open(
        self,
        source: EventSource,
        frames: StreamFrames,
        *,
        headers: Mapping[str, str] | None = None,
        permit: Permit | None = None,
    ) -> EventStream:
        """A response to return from a route; from here on the source is closed whatever happens."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def drain(self) -> None:
        """End every stream with its draining frame, now and from now on."""
        raise NotImplementedError

    async def close(self) -> None:
        """Wait until every source has been let go (each within its own limit)."""
        raise NotImplementedError

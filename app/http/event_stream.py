"""The response of `text/event-stream`: one reader of an event source, guaranteed to let go of it."""

from __future__ import annotations

from typing import Protocol

import msgspec


class EventSource(Protocol):
    """What a stream reads from."""

    async def read(self, max_wait: float) -> bytes | None:
        """Frames that are ready; `b""` if none came within `max_wait` seconds; None when there are no more."""

    async def close(self) -> None:
        """Let go; called exactly once."""


class StreamFrames(msgspec.Struct, frozen=True):
    """The bytes of a wire that no event makes. `draining` is the last frame when the server stops."""

    opening: bytes
    heartbeat: bytes
    draining: bytes


class EventStream:
    """An ASGI response; routes return it as it is (`-> EventStream`). Made by `Deliveries.open`."""

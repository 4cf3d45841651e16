"""A follower that is counted: the disconnect policy hears when it arrives and when it leaves."""

from __future__ import annotations

from typing import Protocol

from lib.streaming.event_log.follower import Follower
from lib.streaming.types import ExecutionId


class Doorkeeper(Protocol):
    """Who is told that a viewer came and went."""

    def arrived(self, execution_id: ExecutionId) -> None: ...

    def left(self, execution_id: ExecutionId, *, saw_the_end: bool) -> None: ...

    def send_away(self) -> None:
        """From now on viewers leave because this node stops, which is not their wish."""


class View:
    """What a delivery reads from; `close` exactly once, whatever happened."""

    def __init__(self, follower: Follower, door: Doorkeeper) -> None:
        self._follower = follower
        self._door = door
        self._open = True
        self._ended = False
        door.arrived(follower.execution_id)

    @property
    def execution_id(self) -> ExecutionId:
        return self._follower.execution_id

    async def read(self, max_wait: float) -> bytes | None:
        """Frames not yet read; `b""` after `max_wait` seconds of silence; None after the terminal event."""
        frames = await self._follower.read(max_wait)
        self._ended = frames is None
        return frames

    async def close(self) -> None:
        if self._open:
            self._open = False
            await self._follower.close()
            self._door.left(self.execution_id, saw_the_end=self._ended)

"""A follower that is counted: the disconnect policy hears when it arrives and when it leaves."""

from __future__ import annotations

from collections.abc import Coroutine

from lib.streaming.event_log.follower import Follower
from lib.streaming.streaming_service.viewers import Viewers
from lib.streaming.types import ExecutionId


class View:
    """What a delivery reads from; `close` exactly once, whatever happened."""

    def __init__(self, follower: Follower, viewers: Viewers) -> None:
        self._follower = follower
        self._viewers = viewers
        self._open = True
        viewers.arrived(follower.execution_id)

    @property
    def execution_id(self) -> ExecutionId:
        return self._follower.execution_id

    def read(self, max_wait: float) -> Coroutine[object, object, bytes | None]:
        """Frames not yet read; `b""` after `max_wait` seconds of silence; None after the terminal event."""
        return self._follower.read(max_wait)

    async def close(self) -> None:
        if self._open:
            self._open = False
            await self._follower.close()
            self._viewers.left(self.execution_id, saw_the_end=self._follower.at_end)

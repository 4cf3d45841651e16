"""A reader of one execution: a cursor, not a queue."""

from __future__ import annotations

from collections.abc import Callable

from lib.streaming.clock import Clock
from lib.streaming.event_log.channel import Channel
from lib.streaming.event_log.pages import FAR_BEHIND, PageCache
from lib.streaming.types import ExecutionId, Seq


class Follower:
    """Reads frames from a number on; ends after the terminal event. Constant memory, no database session."""

    __slots__ = ("_channel", "_clock", "_closed", "_cursor", "_done", "_pages", "_release")

    def __init__(
        self, channel: Channel, after: Seq, pages: PageCache, clock: Clock, release: Callable[[], None]
    ) -> None:
        self._channel = channel
        self._cursor = after
        self._pages = pages
        self._clock = clock
        self._release = release
        self._done = False
        self._closed = False

    @property
    def execution_id(self) -> ExecutionId:
        return self._channel.execution_id

    @property
    def cursor(self) -> Seq:
        """Number of the last event handed out."""
        return self._cursor

    async def read(self, max_wait: float) -> bytes | None:
        """Frames not yet read; `b""` if none came within `max_wait` seconds; None after the terminal event."""
        until: float | None = None
        while not self._done:
            if frames := await self._next():
                return frames
            if self._channel.terminal and self._cursor >= self._channel.committed:
                break
            # A wake-up is no news by itself (a claim wakes too), so what is left of the wait goes on.
            now = self._clock.monotonic()
            until = now + max_wait if until is None else until
            if now >= until:
                return b""
            await self._channel.wait(self._clock, until - now)
        return None

    async def _next(self) -> bytes:
        channel = self._channel
        if self._cursor >= channel.committed:
            return b""
        if channel.committed - self._cursor <= FAR_BEHIND and channel.reaches(self._cursor):
            frames = channel.frames_after(self._cursor)
            self._cursor, self._done = channel.committed, channel.terminal
            return frames
        page = await self._pages.after(channel, self._cursor)
        if page is None:
            return b""
        self._cursor, self._done = page.last, page.terminal
        return page.frames

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._release()

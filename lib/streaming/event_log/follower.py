"""A reader of one execution: a cursor, not a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lib.streaming.clock import Clock, Timer
from lib.streaming.event_log.channel import Channel
from lib.streaming.event_log.pages import FAR_BEHIND, PageCache
from lib.streaming.types import ExecutionId, Seq


class Follower:
    """Reads frames from a number on; ends after the terminal event. Constant memory, no database session."""

    __slots__ = (
        "_armed",
        "_channel",
        "_clock",
        "_closed",
        "_cursor",
        "_done",
        "_pages",
        "_release",
        "_timer",
        "_until",
        "_waiter",
    )

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
        self._until = self._armed = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._timer: Timer | None = None

    @property
    def execution_id(self) -> ExecutionId:
        return self._channel.execution_id

    @property
    def cursor(self) -> Seq:
        """Number of the last event handed out."""
        return self._cursor

    @property
    def at_end(self) -> bool:
        """Whether the terminal event was handed out."""
        return self._done

    async def read(self, max_wait: float) -> bytes | None:
        """Frames not yet read; `b""` if none came within `max_wait` seconds; None after the terminal event."""
        channel, waited = self._channel, False
        while not self._done:
            if self._cursor < channel.committed:
                if frames := self._from_tail() or await self._from_pages():
                    return frames
            elif channel.terminal:
                self._done = True
                break
            # A wake-up is no news by itself (a claim wakes too), so what is left of the wait goes on.
            now = self._clock.monotonic()
            if not waited:
                self._until, waited = now + max_wait, True
            if now >= self._until:
                return b""
            await self._wait()
        return None

    def _from_tail(self) -> bytes | None:
        """What is new, unless it is so much that it is better merged, or no longer in memory."""
        channel = self._channel
        if channel.committed - self._cursor > FAR_BEHIND:
            return None
        frames = channel.frames_after(self._cursor)
        if frames is not None:
            self._cursor, self._done = channel.committed, channel.terminal
        return frames

    async def _from_pages(self) -> bytes:
        page = await self._pages.after(self._channel, self._cursor)
        if page is None:
            return b""
        self._cursor, self._done = page.last, page.terminal
        return page.frames

    async def _wait(self) -> None:
        """Return when something was published or the wait is over."""
        waiter = self._waiter = self._channel.waiter()
        # One lazy timer a follower: one for each wait would cost as much as all else a wake-up costs.
        if self._timer is None or self._until < self._armed:
            self._arm()
        try:
            await waiter
        except asyncio.CancelledError:
            self._channel.forget(waiter)
            raise
        finally:
            self._waiter = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = self._until
        self._timer = self._clock.call_at(self._until, self._check)

    def _check(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._clock.monotonic() < self._until:
            self._arm()
        else:
            self._channel.forget(self._waiter)
            if not self._waiter.done():
                self._waiter.set_result(None)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._release()

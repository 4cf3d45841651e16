"""The event log of a process: pens for owners, cursors for readers."""

from __future__ import annotations

import asyncio

from lib.streaming.clock import Clock
from lib.streaming.errors import ContentsRemoved, ExecutionNotFound
from lib.streaming.event_log.appender import Appender
from lib.streaming.event_log.channel import Channel
from lib.streaming.event_log.follower import Follower
from lib.streaming.event_log.group_commit import GroupCommit
from lib.streaming.event_log.pages import PageCache
from lib.streaming.ports.log_store import LogHandle, LogStore
from lib.streaming.types import Epoch, ExecutionId, Seq

#: A store that fails is retried this long before its executions are let go; below the default lease.
GIVE_UP_SECONDS = 4.0


class EventLog:
    """Open it before use, close it last: closing commits what still waits. For the seconds see `GroupCommit`."""

    def __init__(
        self, store: LogStore, clock: Clock, give_up_seconds: float = GIVE_UP_SECONDS, pace_seconds: float = 0.0
    ) -> None:
        self._store = store
        self._clock = clock
        self._commit = GroupCommit(store, clock, give_up_seconds, pace_seconds)
        self._pages = PageCache(store)
        self._channels: dict[ExecutionId, Channel] = {}
        self._by_key: dict[int, Channel] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._commit.run(), name="event-log-writer")

    async def close(self) -> None:
        if self._task is not None:
            self._commit.stop()
            await self._task

    def append_to(self, handle: LogHandle, epoch: Epoch) -> Appender:
        """The pen for an execution just claimed; give it back with `release`."""
        channel = self._acquire(handle)
        channel.learn(handle)
        channel.pens += 1
        return Appender(channel, epoch, self._clock, self._commit.mark)

    def release(self, appender: Appender) -> None:
        # Its owner holds the pen too: without this each would keep the other, and the whole text, for the collector.
        appender.on_failure = None
        appender.channel.pens -= 1
        self._release(appender.channel)

    async def follow(self, execution_id: ExecutionId, after: int) -> Follower | None:
        """A reader from a number on. None if the execution ended and nothing is left after `after`.

        A number the log never gave (negative, or ahead of the newest event) counts as 0: everything is sent.
        Raises `ExecutionNotFound`, `ContentsRemoved`.
        """
        channel, emptied = self._channels.get(execution_id), False
        if channel is None or after > channel.committed:
            handle = await self._handle(execution_id)
            emptied = handle.emptied
            channel = self._channel(handle)
            channel.learn(handle)
        cursor = Seq(after if 0 <= after <= channel.committed else 0)
        if channel.terminal and cursor >= channel.committed:
            self._forget(channel)
            return None
        if emptied:
            self._forget(channel)
            raise ContentsRemoved
        channel.users += 1
        return Follower(channel, cursor, self._pages, self._clock, lambda: self._release(channel))

    async def moved(self, execution_id: ExecutionId) -> None:
        """Another owner wrote: let this process's readers of the execution look."""
        if channel := self._channels.get(execution_id):
            channel.learn(await self._handle(execution_id))

    def foreign_channel(self, key: int) -> Channel | None:
        """The channel of an execution that is followed here and not owned here."""
        channel = self._by_key.get(key)
        return channel if channel is not None and not channel.pens and not channel.terminal else None

    def foreign_channels(self) -> list[Channel]:
        """All of those."""
        return [channel for channel in self._channels.values() if not channel.pens and not channel.terminal]

    async def ended(self, execution_id: ExecutionId, max_wait: float) -> None:
        """Return when an execution has ended, as far as this process sees it, or after `max_wait` seconds."""
        handle = await self._handle(execution_id)
        if handle.terminal:
            return
        channel = self._acquire(handle)
        until = self._clock.monotonic() + max_wait
        try:
            while not channel.terminal and (left := until - self._clock.monotonic()) > 0:
                await channel.wait(self._clock, left)
        finally:
            self._release(channel)

    async def _handle(self, execution_id: ExecutionId) -> LogHandle:
        handle = await self._store.handle(execution_id)
        if handle is None:
            raise ExecutionNotFound("There is no such execution.")
        return handle

    def _acquire(self, handle: LogHandle) -> Channel:
        channel = self._channel(handle)
        channel.users += 1
        return channel

    def _channel(self, handle: LogHandle) -> Channel:
        channel = self._channels.get(handle.context.execution_id)
        if channel is None:
            channel = self._channels[handle.context.execution_id] = self._by_key[handle.key] = Channel(handle)
        return channel

    def _release(self, channel: Channel) -> None:
        channel.users -= 1
        self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        if channel.users == 0:
            self._channels.pop(channel.execution_id, None)
            self._by_key.pop(channel.handle.key, None)

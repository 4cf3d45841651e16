"""Brings what other nodes committed to the viewers of this one.

Theory of operation. Executions followed here and owned elsewhere are read all together, in one query, from the number
each channel knows: when a node says that some have moved those, once a second all of them. While a query runs, what
moves gathers for the next, as in the group commit. The entries go to the channels' tails like any owner's, so a viewer
of another node's execution costs what a local one does.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence

from lib.streaming.alarm import Alarm
from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError
from lib.streaming.event_log.channel import Channel
from lib.streaming.event_log.log import EventLog
from lib.streaming.ports.other_nodes import TailReader
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import Seq

log = logging.getLogger(__name__)

#: How long a lost word may go unnoticed.
LOOK_SECONDS = 1.0
#: Entries of one execution read at a time.
MAX_ENTRIES = 500


class Relay:
    """Serve `run()` as a supervised task."""

    def __init__(self, events: EventLog, tails: TailReader, clock: Clock) -> None:
        self._events = events
        self._tails = tails
        self._clock = clock
        self._moved: set[int] = set()
        self._alarm = Alarm(clock)
        self._look_at = 0.0

    def moved(self, newest: Collection[tuple[int, Seq]]) -> None:
        """Somebody has committed events, by key and newest number; what nobody follows here costs nothing."""
        for key, seq in newest:
            channel = self._events.foreign_channel(key)
            if channel is not None and seq > channel.committed:
                self._moved.add(key)
                self._alarm.ring()

    def look(self) -> None:
        """Words may have been lost: look at all of them now."""
        self._look_at = 0.0
        self._alarm.ring()

    async def run(self) -> None:
        while True:
            await self._alarm.wait(max(self._look_at - self._clock.monotonic(), 0))
            if channels := self._due():
                await self._bring(channels)

    def _due(self) -> Sequence[Channel]:
        moved, self._moved = self._moved, set()
        now = self._clock.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            return self._events.foreign_channels()
        return [channel for key in moved if (channel := self._events.foreign_channel(key))]

    async def _bring(self, channels: Sequence[Channel]) -> None:
        cursors = {channel.handle.key: channel.committed for channel in channels}
        try:
            rows = await self._tails.read_tails(cursors, MAX_ENTRIES)
        except StreamingError as error:
            log.warning("events of other nodes come later: %s", error.message)
            return
        brought: defaultdict[int, list[LogEntry]] = defaultdict(list)
        for key, entry in rows:
            brought[key].append(entry)
        for channel in channels:
            await self._publish(channel, brought[channel.handle.key])

    async def _publish(self, channel: Channel, entries: Sequence[LogEntry]) -> None:
        if channel.pens:
            # Taken by this node meanwhile, whose own commits are published.
            return
        fresh = [entry for entry in entries if entry.seq > channel.committed]
        if fresh and fresh[-1].seq - channel.committed == len(fresh):
            channel.publish(fresh)
        elif fresh:
            # Part of it was packed: readers take what is stored.
            await self._relearn(channel)
        if len(entries) == MAX_ENTRIES:
            self._moved.add(channel.handle.key)
            self._alarm.ring()

    async def _relearn(self, channel: Channel) -> None:
        try:
            await self._events.moved(channel.execution_id)
        except StreamingError as error:
            log.warning("execution %s is read later: %s", channel.execution_id, error.message)

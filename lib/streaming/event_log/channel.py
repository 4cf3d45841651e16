"""One execution as this process knows it: its newest committed events and who waits for more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lib.streaming.clock import Clock
from lib.streaming.ports.log_store import LogHandle
from lib.streaming.sse_events.frames import FrameEncoder
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.sse_events.vocabulary import EventCode
from lib.streaming.types import ExecutionId, Seq

#: A tail is cut back to half when it holds more than this; older events are read from the store.
MAX_TAIL_BYTES = 256 * 1024
MAX_TAIL_ENTRIES = 2048


class Channel:
    """`committed` is the highest number known to be stored; the tail holds `first..committed` or is empty."""

    __slots__ = (
        *("_bytes", "_entries", "_frames", "_waiters", "committed", "encoder", "handle", "pens", "terminal", "users"),
    )

    def __init__(self, handle: LogHandle) -> None:
        self.handle = handle
        self.encoder = FrameEncoder(handle.context)
        self.committed: Seq = handle.last_seq
        self.terminal = handle.terminal
        self.users = 0
        #: How many of the users write: none if another node owns the execution.
        self.pens = 0
        self._entries: list[LogEntry] = []
        self._frames: list[bytes | None] = []
        self._bytes = 0
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def execution_id(self) -> ExecutionId:
        return self.handle.context.execution_id

    def publish(self, entries: Sequence[LogEntry]) -> None:
        """Take entries just committed, in order, and wake everyone who waits."""
        self._entries.extend(entries)
        self._frames.extend([None] * len(entries))
        self._bytes += sum(len(entry.data) for entry in entries)
        self.committed = entries[-1].seq
        self.terminal = self.terminal or entries[-1].code == EventCode.EXECUTION_FINISHED
        if self._bytes > MAX_TAIL_BYTES or len(self._entries) > MAX_TAIL_ENTRIES:
            self._trim()
        self.wake()

    def learn(self, handle: LogHandle) -> None:
        """Take what the store says, when it knows more than this process (another owner wrote)."""
        if handle.last_seq > self.committed:
            self._entries, self._frames, self._bytes = [], [], 0
            self.committed = handle.last_seq
        self.terminal = self.terminal or handle.terminal
        self.wake()

    def reaches(self, after: Seq) -> bool:
        """Whether the tail holds everything after a number."""
        return self._index_after(after) is not None

    def tail_after(self, after: Seq) -> Sequence[LogEntry] | None:
        """The entries after a number, or None if the tail does not reach back that far."""
        start = self._index_after(after)
        return None if start is None else self._entries[start:]

    def frames_after(self, after: Seq) -> bytes:
        """The frames after a number, each encoded once for all viewers. The tail must reach back that far."""
        start = self._index_after(after)
        assert start is not None, "the caller asked tail_after first"
        for index in range(start, len(self._entries)):
            if self._frames[index] is None:
                self._frames[index] = self.encoder.frame(self._entries[index])
        return b"".join(frame for frame in self._frames[start:] if frame is not None)

    async def wait(self, clock: Clock, max_wait: float) -> None:
        """Return when something was published or after `max_wait` seconds, whichever is first."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        timer = clock.call_at(clock.monotonic() + max_wait, lambda: _resolve(waiter))
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.discard(waiter)

    def wake(self) -> None:
        for waiter in self._waiters:
            _resolve(waiter)

    def _index_after(self, after: Seq) -> int | None:
        if not self._entries:
            return 0 if after >= self.committed else None
        index = after - self._entries[0].seq + 1
        return min(index, len(self._entries)) if index >= 0 else None

    def _trim(self) -> None:
        keep, size = 0, 0
        while keep < min(len(self._entries), MAX_TAIL_ENTRIES // 2) and size < MAX_TAIL_BYTES // 2:
            keep += 1
            size += len(self._entries[-keep].data)
        self._entries, self._frames = self._entries[-keep:], self._frames[-keep:]
        self._bytes = size


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)

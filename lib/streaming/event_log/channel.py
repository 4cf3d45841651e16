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

# Looking a member up on its enum costs more than the comparison.
_FINISHED = int(EventCode.EXECUTION_FINISHED)


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
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def execution_id(self) -> ExecutionId:
        return self.handle.context.execution_id

    def publish(self, entries: Sequence[LogEntry]) -> None:
        """Take entries just committed, in order, and wake everyone who waits."""
        last = entries[-1]
        for entry in entries:
            self._entries.append(entry)
            self._frames.append(None)
            self._bytes += len(entry.data)
        self.committed = last.seq
        if last.code == _FINISHED:
            self.terminal = True
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

    def tail_after(self, after: Seq) -> Sequence[LogEntry] | None:
        """The entries after a number, or None if the tail does not reach back that far."""
        start = self._index_after(after)
        return None if start is None else self._entries[start:]

    def frames_after(self, after: Seq) -> bytes | None:
        """The frames after a number, each encoded once for all viewers; None if the tail does not reach back so far."""
        start = self._index_after(after)
        if start is None:
            return None
        if start == len(self._entries) - 1:
            return self._frame(start)
        return b"".join([self._frame(index) for index in range(start, len(self._entries))])

    def waiter(self) -> asyncio.Future[None]:
        """A future that is done once something was published; who no longer waits for it calls `forget`."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    def forget(self, waiter: asyncio.Future[None]) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    async def wait(self, clock: Clock, max_wait: float) -> None:
        """Return when something was published or after `max_wait` seconds; for those who wait seldom."""
        waiter = self.waiter()
        timer = clock.call_at(clock.monotonic() + max_wait, lambda: None if waiter.done() else waiter.set_result(None))
        try:
            await waiter
        finally:
            timer.cancel()
            self.forget(waiter)

    def wake(self) -> None:
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def _frame(self, index: int) -> bytes:
        frame = self._frames[index]
        if frame is None:
            frame = self._frames[index] = self.encoder.frame(self._entries[index])
        return frame

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

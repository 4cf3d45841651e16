"""The pen of an execution's one lease holder: takes events at once, numbers them when they are committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError
from lib.streaming.event_log.channel import Channel
from lib.streaming.ports.log_store import RowChange, Write
from lib.streaming.sse_events.log_entry import LogEntry, pack, pack_delta
from lib.streaming.sse_events.vocabulary import MAX_DELTA_CHARS, Event, EventCode
from lib.streaming.types import Epoch, Seq

#: Above this many waiting characters a producer should `flush` before it goes on.
HIGH_WATER_CHARS = 512 * 1024


class _Pending:
    """An event that waits for the next commit; deltas of one attempt grow while they wait."""

    __slots__ = ("at_ms", "attempt", "code", "data", "parts", "prompt", "size")

    def __init__(self, code: int, at_ms: int, data: bytes = b"", prompt: int = 0, attempt: int = 0) -> None:
        self.code, self.at_ms, self.data = code, at_ms, data
        self.prompt, self.attempt = prompt, attempt
        self.parts: list[str] = []
        self.size = 0

    def entry(self, seq: Seq) -> LogEntry:
        data = pack_delta(self.prompt, self.attempt, "".join(self.parts)) if self.parts else self.data
        return LogEntry(seq, self.code, self.at_ms, data)


class Batch(msgspec.Struct):
    """What one appender gave to one commit, and who waits for it."""

    appender: Appender
    write: Write
    waiting: list[asyncio.Future[None]]


class Appender:
    """All methods but `flush` return at once. After a lost lease or a dead store nothing is taken any more."""

    def __init__(self, channel: Channel, epoch: Epoch, clock: Clock, dirty: Callable[[Appender], None]) -> None:
        self.channel = channel
        self.failure: StreamingError | None = None
        self.on_failure: Callable[[], None] | None = None
        self.backlog = 0
        self._epoch = epoch
        self._clock = clock
        self._dirty = dirty
        self._last: Seq = channel.committed
        self._pending: list[_Pending] = []
        self._open: dict[tuple[int, int, int], _Pending] = {}
        self._changes: list[RowChange] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._in_flight: Batch | None = None

    def event(self, event: Event, *changes: RowChange) -> None:
        """Append an event; `changes` are committed with it, in the same transaction."""
        if self.failure is not None:
            return
        code, data = pack(event)
        self._open.clear()
        self._pending.append(_Pending(code, self._clock.now_ms(), data))
        self._changes.extend(changes)
        self._dirty(self)

    def delta(self, prompt: int, attempt: int, text: str, *, reasoning: bool = False) -> None:
        """Append text of a prompt's attempt; it joins what already waits of the same attempt.

        `prompt` is the prompt's index in the definition. Texts over `MAX_DELTA_CHARS` become several events.
        """
        if self.failure is not None:
            return
        code = EventCode.PROMPT_REASONING if reasoning else EventCode.PROMPT_DELTA
        for start in range(0, len(text), MAX_DELTA_CHARS):
            self._piece((prompt, attempt, code), text[start : start + MAX_DELTA_CHARS])
        self._dirty(self)

    def _piece(self, key: tuple[int, int, int], text: str) -> None:
        waiting = self._open.get(key)
        if waiting is None or waiting.size + len(text) > MAX_DELTA_CHARS:
            waiting = _Pending(key[2], self._clock.now_ms(), prompt=key[0], attempt=key[1])
            self._open[key] = waiting
            self._pending.append(waiting)
        waiting.parts.append(text)
        waiting.size += len(text)
        self.backlog += len(text)

    @property
    def congested(self) -> bool:
        return self.backlog > HIGH_WATER_CHARS

    async def flush(self) -> None:
        """Return when everything put so far is committed; raise `LeaseLost` or `StorageUnavailable`."""
        if self.failure is not None:
            raise self.failure
        if not self._pending and self._in_flight is None:
            return
        done = asyncio.get_running_loop().create_future()
        waiting = self._in_flight.waiting if self._in_flight and not self._pending else self._waiting
        waiting.append(done)
        await done

    # --- for GroupCommit ----------------------------------------------------------------------------------------

    def take(self) -> Batch | None:
        """Number what waits and hand it over for one commit."""
        if self.failure is not None or not self._pending:
            return None
        entries = []
        for pending in self._pending:
            self._last = Seq(self._last + 1)
            entries.append(pending.entry(self._last))
        write = Write(self.channel.handle, self._epoch, tuple(entries), tuple(self._changes))
        self._in_flight = Batch(self, write, self._waiting)
        self._pending, self._changes, self._waiting, self.backlog = [], [], [], 0
        self._open.clear()
        return self._in_flight

    def committed(self, batch: Batch) -> None:
        self._in_flight = None
        self.channel.publish(batch.write.entries)
        for waiter in batch.waiting:
            if not waiter.done():
                waiter.set_result(None)

    def fail(self, failure: StreamingError) -> None:
        """Refuse everything from now on and tell everyone who waits."""
        self.failure = failure
        waiting = self._waiting + (self._in_flight.waiting if self._in_flight else [])
        self._pending, self._changes, self._waiting, self._in_flight = [], [], [], None
        for waiter in waiting:
            if not waiter.done():
                waiter.set_exception(failure)
        if self.on_failure is not None:
            self.on_failure()

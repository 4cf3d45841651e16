"""The stream of deltas every byte-fed provider gives out, whatever brings the bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from lib.streaming.clock import Clock
from lib.streaming.errors import UpstreamFailure
from lib.streaming.ports.models import Delta
from lib.streaming.upstream.stream_processor import StreamProcessor

#: Seconds that usage and the end marker may take once the finish reason is there.
AFTER_FINISH_SECONDS = 2.0


class ByteSource(Protocol):
    async def read(self) -> bytes:
        """The next bytes of the body, empty at its end; raise `UpstreamFailure` when it is cut.

        Cancelling a read loses no bytes.
        """


class AnswerStream:
    """Deltas of one answer, one batch a read; the failure of a broken one is raised after its last batch."""

    def __init__(self, source: ByteSource, processor: StreamProcessor, clock: Clock) -> None:
        self._source = source
        self._processor = processor
        self._clock = clock

    def __aiter__(self) -> AnswerStream:
        return self

    async def __anext__(self) -> Sequence[Delta]:
        processor = self._processor
        if processor.ended:
            if processor.failure is not None:
                raise processor.failure
            raise StopAsyncIteration
        deadline = processor.hold_until
        if processor.finish_seen:
            deadline = self._clock.monotonic() + AFTER_FINISH_SECONDS
        try:
            data = await (self._source.read() if deadline is None else self._read_until(deadline))
        except UpstreamFailure as cut:
            return processor.end(cut)
        except TimeoutError:
            return processor.end() if processor.finish_seen else processor.release()
        return processor.feed(data) if data else processor.end()

    async def _read_until(self, deadline: float) -> bytes:
        async with asyncio.timeout(None) as limit:
            timer = self._clock.call_at(deadline, lambda: limit.reschedule(0.0))
            try:
                return await self._source.read()
            finally:
                timer.cancel()

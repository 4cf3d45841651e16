"""One client stream: sends a request, reads stamps out of the answer, knows whether it came complete."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

from bench.readings import Readings
from bench.script import STAMP, STAMP_BYTES

#: What a full answer ends with: OpenAI's and the AI SDK's line, or our terminal event.
_DONE = re.compile(rb'data: \[DONE\]|event: execution\.finished\n.*"status":"completed"')
_CHUNKED_END = b"0\r\n\r\n"
#: Long enough for the terminal event and the end of the body.
_TAIL_BYTES = 600


class StreamReader(asyncio.Protocol):
    """Calls `ended` once, when the answer is over, the connection is lost, or (`leave_early`) its tokens are there."""

    def __init__(
        self,
        request: bytes,
        tokens: int,
        readings: Readings,
        ended: Callable[[StreamReader], None],
        *,
        leave_early: bool = False,
    ) -> None:
        self._request = request
        self._tokens = tokens
        self._readings = readings
        self._ended = ended
        self._leave_early = leave_early
        self._transport: asyncio.Transport | None = None
        self._sent_ns = 0
        self._seen = 0
        self._rest = b""
        self._tail = b""
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do everything an asyncio.Transport does, but are no subclass of it.
        self._transport = cast("asyncio.Transport", transport)
        self._sent_ns = time.monotonic_ns()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self._tail and not data.startswith(b"HTTP/1.1 200"):
            self._readings.refusal = data[:600].decode(errors="replace")
            self.leave()
            return
        self._tail = (self._tail + data)[-_TAIL_BYTES:]
        self._read_stamps(now, self._rest + data if self._rest else data)
        self._readings.frames += data.count(b"data: ")
        if self._tail.endswith(_CHUNKED_END) or (self._leave_early and self._seen >= self._tokens):
            self.leave()

    def _read_stamps(self, now: int, text: bytes) -> None:
        if stamps := STAMP.findall(text):
            self._record(now, stamps)
        at = text.rfind(b"~", -STAMP_BYTES + 1)
        self._rest = text[at:] if at >= 0 else b""

    def _record(self, now: int, stamps: list[bytes]) -> None:
        if not self._seen:
            self._readings.began(now - self._sent_ns)
        self._seen += len(stamps)
        self._readings.took(now, stamps)

    def connection_lost(self, exc: Exception | None) -> None:
        self.leave()

    def leave(self) -> None:
        """Close the connection and report, whatever came so far."""
        if self._over:
            return
        self._over = True
        if self._transport is not None:
            self._transport.close()
        whole = self._leave_early or _DONE.search(self._tail) is not None
        self._readings.ended(complete=whole and self._seen == self._tokens)
        self._ended(self)

"""A fake chat-completions upstream on a raw Protocol: `python -m bench.upstream <port>`.

`POST …/chat/completions` plays the `Script` found in the body; `GET /stats` tells what is open and when streams
were closed; `POST /release` lets held streams end.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import msgspec
import uvloop

from bench.chat_wire import COMPLETION, MODELS, SSE_HEAD, Asked, content_length, ending, json_answer, token
from bench.pacing import Wheel
from bench.script import Script, stamp

_WORDS = (b"rain ", b"over ", b"the ", b"hills ", b"again ")


class Stats(msgspec.Struct):
    """`closed` maps a script's tag to the CLOCK_MONOTONIC nanosecond its connection went away unfinished."""

    open: int = 0
    started: int = 0
    finished: int = 0
    closed: dict[str, int] = {}


class Upstream:
    """What the connections share."""

    def __init__(self) -> None:
        self.stats = Stats()
        self.held: set[Stream] = set()
        self._wheels: dict[int, Wheel] = {}

    def wheel(self, rate: int) -> Wheel:
        return self._wheels.setdefault(rate, Wheel(rate))

    def release(self) -> None:
        for stream in list(self.held):
            stream.finish()


class Stream:
    """One answer being played."""

    def __init__(self, upstream: Upstream, transport: asyncio.Transport, script: Script, *, usage: bool) -> None:
        self._upstream = upstream
        self._transport = transport
        self._script = script
        self._usage = usage
        self._sent = 0
        self.over = False
        upstream.stats.open += 1
        upstream.stats.started += 1

    def begin(self) -> None:
        self._transport.write(SSE_HEAD)
        if self._script.rate:
            self._upstream.wheel(self._script.rate).add(self._next)
        else:
            self._burst()

    def _token(self) -> bytes:
        self._sent += 1
        word = _WORDS[self._sent % len(_WORDS)] if self._script.words else stamp() + b" "
        return token(word)

    def _next(self) -> bool:
        if self.over:
            return False
        if self._sent < self._script.tokens:
            self._transport.write(self._token())
        return self._sent < self._script.tokens or self._settle()

    def _burst(self) -> None:
        # One write a token and a turn of the loop between two: as a provider without a pause, not as one big read.
        if self._next():
            asyncio.get_running_loop().call_soon(self._burst)

    def _settle(self) -> bool:
        if self._script.hold:
            self._upstream.held.add(self)
        else:
            self.finish()
        return False

    def finish(self) -> None:
        """End as a provider does: finish reason, usage if asked for, the done line."""
        self._transport.write(ending(self._sent, usage=self._usage))
        self._upstream.stats.finished += 1
        self._leave()

    def cut(self) -> None:
        """The caller went away."""
        if not self.over:
            self._upstream.stats.closed[self._script.tag] = time.monotonic_ns()
            self._leave()

    def _leave(self) -> None:
        self.over = True
        self._upstream.stats.open -= 1
        self._upstream.held.discard(self)


class Connection(asyncio.Protocol):
    """One caller; requests one after the other, kept alive."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._transport: asyncio.Transport
        self._received = b""
        self._stream: Stream | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do everything an asyncio.Transport does, but are no subclass of it.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stream is not None:
            self._stream.cut()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (request := self._take()) is not None:
            self._answer(*request)

    def _take(self) -> tuple[bytes, bytes] | None:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = content_length(head)
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return head, rest[:length]

    def _answer(self, head: bytes, body: bytes) -> None:
        match head.split(b" ", 2)[:2]:
            case [b"GET", b"/stats"]:
                self._json(msgspec.json.encode(self._upstream.stats))
            case [b"POST", b"/release"]:
                self._upstream.release()
                self._json(b"{}")
            case [b"POST", path] if path.endswith(b"/chat/completions"):
                self._play(body)
            case _:
                self._json(MODELS)

    def _play(self, body: bytes) -> None:
        asked = msgspec.json.decode(body, type=Asked)
        if asked.stream:
            usage = asked.stream_options.include_usage
            self._stream = Stream(self._upstream, self._transport, Script.find(body), usage=usage)
            self._stream.begin()
        else:
            self._json(COMPLETION)

    def _json(self, body: bytes) -> None:
        self._transport.write(json_answer(body))


async def serve(port: int) -> None:
    """Listen on loopback until cancelled."""
    upstream = Upstream()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(upstream), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))

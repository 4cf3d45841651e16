"""A fake chat-completions upstream on a raw Protocol: `python -m bench.upstream <port>`.

`POST …/chat/completions` plays the `Script` found in the body; `GET /stats` tells what is open and when streams
were closed; `POST /release` lets held streams end.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import msgspec
import uvloop

from bench.chat_wire import COMPLETION, MODELS, Asked, content_length, json_answer
from bench.faults import ERROR_ANSWER, Fault
from bench.script import Script
from bench.upstream_answer import Stream, Upstream


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
        script = Script.find(body) if asked.stream else None
        if script is not None and script.fault == Fault.STATUS_500:
            self._transport.write(ERROR_ANSWER)
        elif script is not None:
            usage = asked.stream_options.include_usage
            self._stream = Stream(self._upstream, self._transport, script, usage=usage)
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

"""One answer of the fault server, written by hand."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any


class Exchange:
    """Writes an answer's head and body. `closing`: the connection ends with it. `drip_seconds`: pace of slow modes."""

    def __init__(self, writer: asyncio.StreamWriter, drip_seconds: float) -> None:
        self.closing = False
        self.drip_seconds = drip_seconds
        self._writer = writer
        self._chunked = True

    async def head(
        self,
        status: int = 200,
        content_type: str = "text/event-stream",
        *,
        chunked: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Without `chunked` the body ends where the connection does."""
        self._chunked = chunked
        self.closing = not chunked
        said = {"Content-Type": content_type, **(headers or {})}
        said["Transfer-Encoding" if chunked else "Connection"] = "chunked" if chunked else "close"
        await self._write(_head(status, said))

    async def send(self, data: bytes) -> None:
        await self._write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    async def end(self) -> None:
        if self._chunked:
            await self._write(b"0\r\n\r\n")

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        await self._write(_head(status, {**headers, "Content-Length": str(len(body))}) + body)

    async def event(self, payload: object) -> None:
        await self.send(event(payload))

    async def chunk(self, delta: Mapping[str, object] | None, finish: str | None = None) -> None:
        await self.event(chunk(delta, finish))

    async def text(self, *texts: str) -> None:
        for text in texts:
            await self.chunk({"content": text})

    async def usage(self, read: int, written: int) -> None:
        counts = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        await self.event({**chunk(None), "choices": [], "usage": counts})

    async def done(self) -> None:
        await self.send(b"data: [DONE]\n\n")
        await self.end()

    async def cut(self) -> None:
        """End the connection without the body's end."""
        self.closing = True

    async def reset(self) -> None:
        """Break the connection with an RST."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        raise ConnectionResetError

    async def hang(self) -> None:
        await asyncio.Event().wait()

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def event(payload: object) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def chunk(delta: Mapping[str, object] | None, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [choice],
        "usage": None,
    }


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")

"""One JSON request on its own connection, for everything that is set up or asked beside the load."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

CALL_SECONDS = 30.0


class CallFailed(Exception):
    """The server refused; the message has its answer."""


async def call(port: int, method: str, path: str, body: object = None, headers: Sequence[str] = ()) -> bytes:
    """The body of a 2xx answer; raise `CallFailed` for any other."""
    async with asyncio.timeout(CALL_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(http_request(method, path, body, [*headers, "Connection: close"]).encode())
            head, length = await _head(reader)
            answer = await _body(reader, head, length)
        finally:
            writer.close()
    if not head.startswith(b"HTTP/1.1 2"):
        raise CallFailed(f"{method} {path}: {head.splitlines()[0].decode()} {answer.decode()}")
    return answer


def http_request(method: str, path: str, body: object = None, headers: Sequence[str] = ()) -> str:
    """A complete HTTP/1.1 request; the body is sent as JSON."""
    payload = b"" if body is None else msgspec.json.encode(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + payload.decode()


async def _head(reader: asyncio.StreamReader) -> tuple[bytes, int | None]:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head, int(line.partition(b":")[2])
    return head, None


async def _body(reader: asyncio.StreamReader, head: bytes, length: int | None) -> bytes:
    if length is not None:
        return await reader.readexactly(length)
    if b"chunked" not in head.lower():
        return await reader.read()
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    return b"".join(parts)

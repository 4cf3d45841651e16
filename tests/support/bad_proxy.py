"""A reverse proxy that treats streams as badly as a test asks it to."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle

#: `plain` passes everything on as it comes; the others are what is found in the wild.
TREATMENTS = ("plain", "buffering", "gzip", "gzip-buffering", "cutting", "no-comments", "dropping")


class BadProxy:
    """Takes the `targets` in turn, one a connection. `cut_after`: seconds, for `cutting`."""

    def __init__(self, targets: Sequence[int], treatment: str = "plain", cut_after: float = 0.5) -> None:
        assert treatment in TREATMENTS
        self.port = 0
        self._targets = cycle(targets)
        self._treatment = treatment
        self._cut_after = cut_after

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = None
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            answers, upstream = await asyncio.open_connection("127.0.0.1", next(self._targets))
            upstream.write(re.sub(rb"\r\nConnection: [^\r]*", b"", request[:-4]) + b"\r\nConnection: close\r\n\r\n")
            head = await answers.readuntil(b"\r\n\r\n")
            body = _chunks(answers) if b"transfer-encoding: chunked" in head.lower() else _rest(answers)
            if b"text/event-stream" in head:
                await self._treat(head, body, writer)
            else:
                await _send(head, body, writer)
        for end in (writer, *([upstream] if upstream else [])):
            end.close()

    async def _treat(self, head: bytes, body: AsyncIterator[bytes], writer: asyncio.StreamWriter) -> None:
        if self._treatment.startswith("gzip"):
            head = head[:-2] + b"Content-Encoding: gzip\r\n\r\n"
            body = _gzipped(body, flush=self._treatment == "gzip")
        elif self._treatment == "buffering":
            body = _at_once(body)
        elif self._treatment == "no-comments":
            body = _without(body, rb"^:[^\n]*\n")
        elif self._treatment == "dropping":
            body = _without(body, rb"event: tick\ndata: {\"number\":[57],[^\n]*\n\n")
        try:
            async with asyncio.timeout(self._cut_after if self._treatment == "cutting" else None):
                await _send(head, body, writer)
        except TimeoutError:
            return


async def _send(head: bytes, body: AsyncIterator[bytes], writer: asyncio.StreamWriter) -> None:
    writer.write(
        re.sub(rb"(?i)\r\n(transfer-encoding|connection): [^\r]*", b"", head[:-4]) + b"\r\nConnection: close\r\n\r\n"
    )
    async for data in body:
        writer.write(data)
        await writer.drain()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readline()


async def _rest(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while data := await reader.read(65536):
        yield data


async def _at_once(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b"".join([data async for data in body])


async def _gzipped(body: AsyncIterator[bytes], *, flush: bool) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    async for data in body:
        packed = packer.compress(data) + (packer.flush(zlib.Z_SYNC_FLUSH) if flush else b"")
        if packed:
            yield packed
    yield packer.flush()


async def _without(body: AsyncIterator[bytes], pattern: bytes) -> AsyncIterator[bytes]:
    async for data in body:
        yield re.sub(pattern, b"", data, flags=re.MULTILINE)


@asynccontextmanager
async def bad_proxy(*targets: int, treatment: str = "plain") -> AsyncIterator[int]:
    """The port it listens on."""
    proxy = BadProxy(targets, treatment)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])

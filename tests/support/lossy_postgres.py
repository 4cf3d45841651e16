"""Stands before a PostgreSQL server and loses notifications, as a proxy does that shares connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.postgres_proxy import SOCKET

NOTIFICATION = b"A"


@asynccontextmanager
async def lossy_postgres(server: Path, directory: Path) -> AsyncIterator[None]:
    """Listening on a socket in `directory`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, onward = await asyncio.open_unix_connection(str(server / SOCKET))
        back = asyncio.ensure_future(_filtered(answers, writer))
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                onward.write(data)
        back.cancel()
        writer.close()
        onward.close()

    async with await asyncio.start_unix_server(serve, str(directory / SOCKET)):
        yield


async def _filtered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            if head[:1] != NOTIFICATION:
                writer.write(head + body)
    writer.close()

"""Stands between clients and a PostgreSQL server, and tells them late that it has committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.postgres_proxy import SOCKET

COMMITTED = b"COMMIT\x00"


class LateCommits:
    """`delay` (seconds) is asked before the answer to each COMMIT is passed on."""

    def __init__(self, server: Path, delay: Callable[[], float]) -> None:
        self._server = server
        self._delay = delay
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        server_reader, server_writer = await asyncio.open_unix_connection(str(self._server / SOCKET))
        try:
            await asyncio.gather(_copy(reader, server_writer, _at_once), _copy(server_reader, writer, self._wait))
        finally:
            self._open.discard(task)

    async def ended(self) -> None:
        """Return when every connection is closed."""
        if self._open:
            await asyncio.wait(self._open)

    async def _wait(self, data: bytes) -> None:
        if COMMITTED in data:
            await asyncio.sleep(self._delay())


@asynccontextmanager
async def late_commits(server: Path, directory: Path, delay: Callable[[], float]) -> AsyncIterator[None]:
    """Listening on a socket in `directory`; whoever connects there leaves before the end."""
    proxy = LateCommits(server, delay)
    async with await asyncio.start_unix_server(proxy.serve, str(directory / SOCKET)):
        yield
        await proxy.ended()


async def _at_once(_: bytes) -> None:
    return None


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: Callable[[bytes], Awaitable[None]]
) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            await wait(data)
            writer.write(data)
    writer.close()

"""Stands between a client and a PostgreSQL server, and breaks off where a test wants it to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


class PostgresProxy:
    """Once something the client sends matches `cut`, the connection ends: with `deliver`, after the server has
    taken and answered it, else before. With `linger`, the server does not learn of it. It happens once.
    """

    def __init__(self, server: Path, directory: Path) -> None:
        self.directory = directory
        self._server = server
        self._lingering: list[asyncio.StreamWriter] = []
        self.cut: re.Pattern[bytes] | None = None
        self.deliver = True
        self.linger = False
        self.has_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(str(self._server / SOCKET))
        answers = asyncio.ensure_future(_copy(server_reader, writer))
        try:
            while data := await reader.read(65536):
                if self.cut is not None and not self.has_cut and self.cut.search(data):
                    self.has_cut = True
                    answers.cancel()
                    if self.deliver:
                        server_writer.write(data)
                        await server_reader.read(1)
                    return
                server_writer.write(data)
        except ConnectionError:
            return
        finally:
            answers.cancel()
            writer.close()
            if self.linger:
                self._lingering.append(server_writer)
            else:
                server_writer.close()

    def close(self) -> None:
        """Let the server know."""
        for writer in self._lingering:
            writer.close()


@asynccontextmanager
async def postgres_proxy(server: Path, directory: Path) -> AsyncIterator[PostgresProxy]:
    """Listening on a socket in `directory`."""
    proxy = PostgresProxy(server, directory)
    listener = await asyncio.start_unix_server(proxy.serve, str(directory / SOCKET))
    async with listener:
        yield proxy
        proxy.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()

"""A line between a client and a server that can be made slow, deaf or dead while it is in use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class TcpRelay:
    """`port` is where clients connect. `delay`: seconds before an answer is passed on. `deaf`: nothing is passed on."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.delay = 0.0
        self.deaf = False
        self.connections = 0
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        onward = None
        try:
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers |= {writer, onward}
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, onward, answers=False))
                group.create_task(self._pass(onward_reader, writer, answers=True))
        except* OSError:
            pass
        finally:
            for end in filter(None, (writer, onward)):
                end.close()
            self._writers -= {writer, onward} - {None}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await reader.read(65536):
            if self.deaf:
                continue
            if answers and self.delay:
                await asyncio.sleep(self.delay)
            writer.write(data)
            with suppress(ConnectionError):
                await writer.drain()
        writer.close()


@asynccontextmanager
async def relaying(target_port: int) -> AsyncIterator[TcpRelay]:
    relay = TcpRelay(target_port)
    await relay.open()
    try:
        yield relay
    finally:
        await relay.close()

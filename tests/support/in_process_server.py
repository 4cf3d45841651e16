"""A real server on a loopback port, in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from app.server import DrainingServer, server_config
from app.settings import Settings


def _nothing() -> None:
    return None


async def _at_once() -> None:
    return None


class InProcessServer:
    """`port` is where it listens; `stop` is what a first stop signal does."""

    def __init__(
        self, app: Any, settings: Settings, begin: Callable[[], None], drain: Callable[[], Awaitable[None]]
    ) -> None:
        # With the protocol named, asyncio lets no answer wait for the acknowledgement of its headers.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)
        self.port = int(self._socket.getsockname()[1])
        self.server = DrainingServer(
            server_config(app, settings), begin=begin, drain=drain, window_seconds=settings.drain_seconds
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        # Not `serve`: the signal handlers belong to the test runner.
        self._task = asyncio.get_running_loop().create_task(self.server._serve([self._socket]))
        while not self.server.started:
            assert not self._task.done(), "the application did not start"
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self.server.should_exit = True
        assert self._task is not None
        await self._task

    async def connect(self, receive_buffer: int | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare client connection; a small `receive_buffer` (bytes) makes back-pressure come early."""
        client = socket.socket()
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        return await asyncio.open_connection(sock=client, limit=receive_buffer or 2**16)

    async def get(self, path: str, headers: str = "") -> bytes:
        """Everything a GET brings until the server closes."""
        reader, writer = await self.connect()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def serving(
    app: Any,
    settings: Settings | None = None,
    begin: Callable[[], None] = _nothing,
    drain: Callable[[], Awaitable[None]] = _at_once,
) -> AsyncIterator[InProcessServer]:
    server = InProcessServer(app, settings or Settings(), begin, drain)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()

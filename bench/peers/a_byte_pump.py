"""Peer A: a uvloop Protocol that copies bytes both ways, one upstream connection for each client's.

Nothing that answers over HTTP from another server can cost less. `python -m bench.peers.a_byte_pump <port> <upstream port>`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop


class _Upward(asyncio.Protocol):
    """The connection to the upstream: what it brings goes to the client."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.close()


class _Downward(asyncio.Protocol):
    """The connection from the client: what it brings goes to the upstream once that is connected."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._client: asyncio.Transport
        self._upstream: asyncio.Transport | None = None
        self._early = b""
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do everything an asyncio.Transport does, but are no subclass of it.
        self._client = cast("asyncio.Transport", transport)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._upstream, _ = await loop.create_connection(
            lambda: _Upward(self._client), "127.0.0.1", self._upstream_port
        )
        self._upstream.write(self._early)
        if self._client.is_closing():
            self._upstream.close()

    def data_received(self, data: bytes) -> None:
        if self._upstream is None:
            self._early += data
        else:
            self._upstream.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._upstream is not None:
            self._upstream.close()


async def serve(port: int, upstream_port: int) -> None:
    """Pump on loopback until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Downward(upstream_port), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))

"""A server that says when it is ready."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import uvicorn

from app.server import DrainingServer


class GreetingServer(DrainingServer):
    """`greet` is called once, when requests are answered."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        begin: Callable[[], None],
        drain: Callable[[], Awaitable[None]],
        window_seconds: float,
        greet: Callable[[], None],
    ) -> None:
        super().__init__(config, begin=begin, drain=drain, window_seconds=window_seconds)
        self._greet = greet

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._greet()

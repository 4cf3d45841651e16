"""A server that says when it is ready."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Awaitable, Callable

import uvicorn

from app.server import DrainingServer

#: Objects made since the last collection before the next: requests make many that die by themselves.
GC_THRESHOLDS = (50_000, 20, 50)
#: How long the event loop waits at most for a database thread that computes.
SWITCH_SECONDS = 0.0005


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
        _leave_the_past_alone()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._greet()


def _leave_the_past_alone() -> None:
    """What start-up made lives as long as the process: a full collection need not walk it each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)

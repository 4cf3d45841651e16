"""A small service for signal tests: `python -m tests.support.draining_app <work seconds> <window seconds>`.

Prints its port, then `shut down` when the application's own shutdown ran. `work` is how long its drain takes.
"""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, get

from app.http.deliveries import Deliveries
from app.http.event_stream import EventStream
from app.server import DrainingServer, server_config
from app.settings import Settings
from lib.streaming.clock import SystemClock
from tests.support.event_sources import HandFedSource


def main(work_seconds: float, window_seconds: float) -> None:
    clock = SystemClock()
    deliveries = Deliveries(clock, random.Random(7))

    @get("/events")
    async def events() -> EventStream:
        return deliveries.open(HandFedSource(clock), deliveries.frames("run-1"))

    @get("/readyz")
    async def readyz() -> str:
        return "draining" if deliveries.draining else "ready"

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        yield
        sys.stdout.write("shut down\n")
        sys.stdout.flush()

    async def drain() -> None:
        await asyncio.sleep(work_seconds)

    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    app = Litestar([events, readyz], openapi_config=None, lifespan=[lifespan], logging_config=None)
    config = server_config(app, Settings())
    DrainingServer(config, begin=deliveries.drain, drain=drain, window_seconds=window_seconds).run([listener])


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))

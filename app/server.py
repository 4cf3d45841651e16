"""The server process: on a stop signal it drains, then stops; a second signal forces."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn
from litestar.types import ASGIApp

from app.http.connection import Connection
from app.settings import Settings

log = logging.getLogger(__name__)

#: What uvicorn may take for its own stop after the drain window.
STOP_SECONDS = 5
#: Longer than the usual keep-alive of a proxy, so that the proxy closes idle connections and not we under it.
KEEP_ALIVE_SECONDS = 75


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the application. Logging is ours already, so uvicorn sets up none."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


class DrainingServer(uvicorn.Server):
    """Run it with `run()`, which returns when it has stopped (exit code 0) and never raises KeyboardInterrupt.

    On SIGTERM or SIGINT `begin` is called once, then `drain` is awaited for at most `window_seconds` while requests
    are still answered, then uvicorn stops. A second signal ends all waiting for work and requests.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        begin: Callable[[], None],
        drain: Callable[[], Awaitable[None]],
        window_seconds: float,
    ) -> None:
        super().__init__(config)
        self._begin = begin
        self._drain = drain
        self._window_seconds = window_seconds
        self._draining: asyncio.Timeout | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        # Ctrl-C before the signal handlers stand, or after they are gone.
        with contextlib.suppress(KeyboardInterrupt):
            super().run(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._begin()
        if not self.force_exit:
            await self._wait_for_drain()
        await super().shutdown(sockets)
        if self.force_exit:
            await self._hurried_shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again after a clean stop, and the process would not end with code 0.
        self.force_exit = self.force_exit or self.should_exit
        self.should_exit = True
        if self.force_exit and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop_draining)

    async def _wait_for_drain(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._window_seconds) as self._draining:
                await self._drain()
        except TimeoutError:
            why = "a second stop signal came" if self.force_exit else "the drain window is over"
            log.warning("%s: running work is left as it is", why)
        except Exception:
            log.exception("draining failed; the server stops all the same")
        finally:
            self._draining = None

    async def _hurried_shutdown(self) -> None:
        # uvicorn leaves the application's own shutdown out when forced; storage is better closed than torn.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.lifespan.shutdown()

    def _stop_draining(self) -> None:
        if self._draining is not None and not self._draining.expired():
            self._draining.reschedule(0)

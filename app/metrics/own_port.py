"""A small server beside the service, for whoever watches this process: /metrics and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from litestar.types import Receive, Scope, Send

from app.metrics.page import MetricsPage, Text
from app.settings import SettingProblem, SettingsError


class OwnPort:
    """Takes its port when it is made, and serves it from `open` to `close`.

    Raises `SettingsError` where the port cannot be had.
    """

    def __init__(self, host: str, port: int, metrics: MetricsPage) -> None:
        self._listener = _listener(host, port)
        self._metrics = metrics
        self._server = _Server(
            uvicorn.Config(
                self._answer,
                interface="asgi3",
                proxy_headers=False,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def open(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._server.serve([self._listener]), name="own-port")

    async def close(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._listener.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        text = await self._text(scope)
        headers = [(b"content-type", text.media_type.encode()), (b"content-length", str(len(text.body)).encode())]
        await send({"type": "http.response.start", "status": text.status, "headers": headers})
        await send({"type": "http.response.body", "body": text.body, "more_body": False})

    async def _text(self, scope: Scope) -> Text:
        if scope.get("method") != "GET":
            return Text(b"GET is all there is.\n", status=405)
        if scope["path"] != "/metrics":
            return Text(b"There is /metrics.\n", status=404)
        authorization = dict(scope["headers"]).get(b"authorization", b"")
        if not self._metrics.allows(authorization.decode("latin-1")):
            return Text(b"Send the value of AA_METRICS_TOKEN: `Authorization: Bearer ...`.\n", status=401)
        return await self._metrics.text()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has somebody who handles them already."""
        yield


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        wrong = f"{host}:{port} cannot be listened on ({error.strerror})"
        problem = SettingProblem("AA_METRICS_PORT", str(port), wrong, "right: a port that is free")
        raise SettingsError([problem]) from error

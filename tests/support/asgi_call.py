"""One ASGI call with a hand-made `receive` and `send`: what a server would see, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

Message = dict[str, Any]


class AsgiCall:
    """`sent` fills up as the application sends; `disconnect` is the client leaving; `stall` makes `send` hang."""

    def __init__(
        self, method: str = "GET", path: str = "/", headers: Iterable[tuple[bytes, bytes]] = (), **scope: Any
    ) -> None:
        self.sent: list[Message] = []
        self.aborted = False
        self.on_send: Callable[[Message], None] = lambda _: None
        self._gone = asyncio.Event()
        self._flow = asyncio.Event()
        self._flow.set()
        self.scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "headers": list(headers),
            "client": ("203.0.113.7", 1),
            "server": ("test", 80),
            "extensions": {"aa.abort": {"abort": self._abort}},
            **scope,
        }

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self._flow.wait()
        self.sent.append(message)
        self.on_send(message)

    def start(self, app: Callable[..., Any]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(app(self.scope, self.receive, self.send))

    def disconnect(self) -> None:
        self._gone.set()

    def stall(self) -> None:
        self._flow.clear()

    def flow(self) -> None:
        self._flow.set()

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def complete(self) -> bool:
        """Whether the response ended properly."""
        return len(self.sent) > 1 and not self.sent[-1]["more_body"]

    def _abort(self) -> None:
        self.aborted = True
        self.disconnect()

"""One HTTP/1.1 connection: uvicorn's httptools protocol, with two things a server of long streams needs."""

from __future__ import annotations

import asyncio
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.http.event_stream import ABORT_EXTENSION

#: A peer that acknowledges nothing for so long is gone. With a heartbeat every 15 s a cut link is noticed within 30 s;
#: the kernel's own default keeps retrying for a quarter of an hour.
USER_TIMEOUT_MS = 15_000


class Connection(HttpToolsProtocol):
    """Gives dead peers up early, and lends the application a way to drop a connection with its unsent bytes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        if peer is not None and option is not None and peer.family in (socket.AF_INET, socket.AF_INET6):
            peer.setsockopt(socket.IPPROTO_TCP, option, USER_TIMEOUT_MS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_EXTENSION: {"abort": self.transport.abort}}

"""Connections of the driver itself, for what keeps one open: LISTEN, and the job queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import asyncpg

from app.db.postgres.engine import CONNECT_SECONDS, SERVER_SETTINGS
from app.db.url import postgresql_url

#: Opens a connection that belongs to the caller; raises `OSError`, `TimeoutError` or the driver's errors.
Connect: TypeAlias = Callable[[], Awaitable[asyncpg.Connection]]


def connector(url: str, statement_seconds: float, *, durable: bool = True) -> Connect:
    """How connections to a database are opened; a statement that takes longer than its time raises `TimeoutError`.

    Not `durable`: commits do not wait for the server's disk, so the newest are lost if the server crashes.
    LISTEN needs a session of its own: a pooler between here and the server must not share it out by transaction.
    """
    parsed = postgresql_url(url)
    settings = SERVER_SETTINGS if durable else {**SERVER_SETTINGS, "synchronous_commit": "off"}
    _, names = parsed.get_dialect()().create_connect_args(parsed)

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            **names, timeout=CONNECT_SECONDS, command_timeout=statement_seconds, server_settings=settings
        )

    return connect

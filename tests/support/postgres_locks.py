"""Transactions on PostgreSQL that stay open, so that a test can look at who waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import Connection, text
from sqlalchemy.util import await_

from app.db.database import Storage

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def until_somebody_waits(storage: Storage, how_many: int = 1) -> None:
    async with asyncio.timeout(10):
        while await storage.database.read(lambda connection: connection.scalar(text(WAITING)) or 0) < how_many:
            continue


@asynccontextmanager
async def holding(storage: Storage, work: Callable[[Connection], object]) -> AsyncIterator[None]:
    """A transaction that has done `work` and is committed at the end."""
    there, go = asyncio.Event(), asyncio.Event()

    def hold(connection: Connection) -> None:
        work(connection)
        there.set()
        await_(go.wait())

    task = asyncio.ensure_future(storage.database.write(hold))
    await there.wait()
    try:
        yield
    finally:
        go.set()
        await task

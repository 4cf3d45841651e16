"""PostgreSQL as a `Database`: a bounded pool, and units of work that no caller can break off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.pool import QueuePool

from app.db.port import DatabaseLoad
from app.db.postgres import engine
from app.db.postgres.failures import outage, translated
from app.db.postgres.outcome import Outcomes
from app.db.postgres.unit import READ, WRITE, CommitUnanswered, Glance, Outworn, Unit
from lib.streaming.clock import Clock
from lib.streaming.errors import StorageUnavailable

T = TypeVar("T")


class PostgresDatabase:
    """Connects when first used; at most `pool_size` connections, of one event loop.

    Raises `UnsupportedDatabase` for a URL that names no PostgreSQL database.
    """

    def __init__(self, url: str, clock: Clock, *, pool_size: int) -> None:
        self._engine = engine.pooled(url, pool_size)
        self._outcomes = Outcomes(self._engine, clock)
        # Each may be outworn, and the one that replaces the last of them is new.
        self._tries = pool_size + 1
        self._running: set[asyncio.Task[object]] = set()
        self._closed = False

    async def read(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        return await self._run(Unit(READ, work))

    async def read_one(self, work: Callable[[Connection], T]) -> T:
        return await self._run(Glance(work))

    async def write(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        return await self._run(Unit(WRITE, work, named=True))

    async def write_one(self, work: Callable[[Connection], T]) -> T:
        return await self._run(Unit(WRITE, work, named=True))

    def load(self) -> DatabaseLoad:
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        busy = pool.checkedout()
        return DatabaseLoad(busy + pool.checkedin(), busy, max(0, len(self._running) - pool.size()))

    async def close(self) -> None:
        """Finish what runs, then close the connections."""
        self._closed = True
        if self._running:
            await asyncio.wait(self._running)
        await self._engine.dispose()

    async def _run(self, unit: Unit[T] | Glance[T]) -> T:
        """In a task of its own: broken off in mid-query, it would cost the connection and leave its outcome open."""
        if self._closed:
            raise StorageUnavailable("The database is closed.")
        task = asyncio.get_running_loop().create_task(self._settled(unit))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _settled(self, unit: Unit[T] | Glance[T]) -> T:
        with translated():
            try:
                await self._transact(unit)
            except CommitUnanswered as unanswered:
                if not await self._outcomes.committed(unanswered.transaction):
                    raise outage(unanswered.cause) from unanswered
        return unit.result

    async def _transact(self, unit: Unit[T] | Glance[T]) -> None:
        for _ in range(self._tries):
            with suppress(Outworn):
                async with self._engine.connect() as connection:
                    await connection.run_sync(unit.run)
                    return
        raise StorageUnavailable("The database closes every connection at once.")

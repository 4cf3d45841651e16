"""The engine's `LogStore` on PostgreSQL: written by a connection of its own, read through the pool."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from app.db import log_reader
from app.db.definitions import DefinitionCache
from app.db.event_log import SqlLogStore
from app.db.port import Database
from app.db.postgres.log_writer import LogWriter
from lib.streaming.ports.log_store import LogHandle, Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq


class PostgresLogStore:
    def __init__(self, database: Database, writer: LogWriter, definitions: DefinitionCache) -> None:
        self._database = database
        self._writer = writer
        self._rows = SqlLogStore(database, definitions)

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        return await self._writer.commit(writes) if writes else ()

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        return await self._rows.handle(execution_id)

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        # Nearly all that is read is what is being written, which is not packed: one statement then, and no transaction.
        entries = await self._database.read_one(
            lambda connection: log_reader.entries_after(connection, handle, after, limit)
        )
        if log_reader.is_gapless(entries, after):
            return entries
        page = await self._database.read(lambda connection: log_reader.load(connection, handle, after, limit))
        # Unpacked off the event loop, on which all units of work run here.
        return await asyncio.to_thread(page.entries) if page.packed else page.entries()

    async def close(self) -> None:
        """The writing connection; the database belongs to whoever opened it."""
        await self._writer.close()

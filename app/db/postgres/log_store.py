"""The engine's `LogStore` on PostgreSQL: written by a connection of its own, read through the pool."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.db.definitions import DefinitionCache
from app.db.event_log import SqlLogStore
from app.db.port import Database
from app.db.postgres.log_writer import LogWriter
from lib.streaming.ports.log_store import LogHandle, Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq


class PostgresLogStore:
    def __init__(self, database: Database, writer: LogWriter, definitions: DefinitionCache) -> None:
        self._writer = writer
        self._rows = SqlLogStore(database, definitions)

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        return await self._writer.commit(writes) if writes else ()

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        return await self._rows.handle(execution_id)

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        return await self._rows.read(handle, after, limit)

    async def close(self) -> None:
        """The writing connection; the database belongs to whoever opened it."""
        await self._writer.close()

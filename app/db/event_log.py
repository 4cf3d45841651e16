"""The event log in SQL: the engine's `LogStore`.

Theory of operation. Events are narrow rows clustered by execution and number. An execution's newest number is that
of its newest row: a column for it would cost a second row a commit, and on PostgreSQL a dead one
(docs/decisions/0005-the-last-number-is-derived.md). The fence, the events and the row changes of all executions of a
batch are one transaction, so a reader sees all of a commit or nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from app.db import log_commit, log_reader
from app.db.definitions import DefinitionCache
from app.db.port import Announcer, Database
from lib.streaming.ports.log_store import LogHandle, Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq


class SqlLogStore:
    """`announcer`: tells the other nodes which executions moved, once a commit."""

    def __init__(self, database: Database, definitions: DefinitionCache, announcer: Announcer | None = None) -> None:
        self._database = database
        self._definitions = definitions
        self._announcer = announcer

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        if not writes:
            return ()

        def work(connection: Connection) -> Collection[ExecutionId]:
            refused = log_commit.commit(connection, writes)
            if self._announcer is not None:
                written = (write.handle.context.execution_id for write in writes)
                self._announcer.moved(connection, [id_ for id_ in written if id_ not in refused])
            return refused

        return await self._database.write(work)

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        return await self._database.read(
            lambda connection: log_reader.handle(connection, execution_id, self._definitions)
        )

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        return await self._database.read(lambda connection: log_reader.read(connection, handle, after, limit))

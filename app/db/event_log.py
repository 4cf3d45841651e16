"""The event log in SQL: the engine's `LogStore`.

Theory of operation. Events are narrow rows clustered by execution and number. An execution's newest number is that
of its newest row: a column for it would cost a second row a commit, and on PostgreSQL a dead one
(docs/decisions/0005-the-last-number-is-derived.md). The fence, the events and the row changes of all executions of a
batch are one transaction, so a reader sees all of a commit or nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.db import log_commit, log_reader
from app.db.definitions import DefinitionCache
from app.db.port import Database
from lib.streaming.ports.log_store import AttemptEnded, AttemptStarted, LogHandle, RowChange, Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq

#: A commit of no more than this is brief: well under a millisecond.
BRIEF_ENTRIES, BRIEF_CHANGES, BRIEF_LENGTH = 32, 4, 65_536


class SqlLogStore:
    def __init__(self, database: Database, definitions: DefinitionCache) -> None:
        self._database = database
        self._definitions = definitions

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        if not writes:
            return ()
        if len(writes) == 1 and _is_single(writes[0]):
            # By far the most frequent commit; one that does not go through is told why by the other way.
            write = writes[0]
            if await self._database.write_one(lambda connection: log_commit.append(connection, write)):
                return ()
        return await self._database.write(
            lambda connection: log_commit.commit(connection, writes), brief=is_brief(writes)
        )

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        return await self._database.read_one(
            lambda connection: log_reader.handle(connection, execution_id, self._definitions)
        )

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        return await self._database.read(lambda connection: log_reader.read(connection, handle, after, limit))


def _is_single(write: Write) -> bool:
    return len(write.entries) == 1 and not write.changes and len(write.entries[0].data) <= BRIEF_LENGTH


def is_brief(writes: Sequence[Write]) -> bool:
    """Whether writing them holds nobody up: few rows with little in them, for an answer may have 16 million letters."""
    entries = [entry for write in writes for entry in write.entries]
    changes = [change for write in writes for change in write.changes]
    if len(entries) > BRIEF_ENTRIES or len(changes) > BRIEF_CHANGES:
        return False
    return sum(len(entry.data) for entry in entries) + sum(map(_length, changes)) <= BRIEF_LENGTH


def _length(change: RowChange) -> int:
    """Letters in it that have no small bound."""
    match change:
        case AttemptStarted():
            return sum(len(message.content) for message in change.messages)
        case AttemptEnded():
            return len(change.output) + len(change.reasoning)
        case _:
            return 0

"""Who may write: the one check before every write of an owner, and its statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, Dialect, bindparam, func, insert, literal_column, select
from sqlalchemy.sql import ClauseElement

from app.db.errors import RepositoryError
from app.db.tables import events, executions
from lib.streaming.ports import ExecutionEnded, Write
from lib.streaming.types import ExecutionId, ExecutionStatus


class NumberingBroken(RepositoryError):
    """An owner's events do not follow the last stored one: a fault of the engine, never of its caller."""

    code = "numbering_broken"


class Fence:
    """What the rows say about some running executions: epoch and number of the newest event.

    Good for the transaction it was read in, which holds the rows' lock.
    """

    def __init__(self, rows: Iterable[tuple[int, int, int]]) -> None:
        self._rows = {key: (epoch, last_seq) for key, epoch, last_seq in rows}

    def admits(self, write: Write) -> bool:
        """Whether the write's owner still owns the execution; an admitted write moves the fence on."""
        key = write.handle.key
        epoch, last_seq = self._rows.get(key, (None, 0))
        if epoch != write.epoch:
            return False
        if write.entries and write.entries[0].seq != last_seq + 1:
            raise NumberingBroken(f"event {write.entries[0].seq} of execution {key} follows {last_seq}")
        self._rows[key] = (write.epoch, write.entries[-1].seq if write.entries else last_seq)
        if any(isinstance(change, ExecutionEnded) for change in write.changes):
            del self._rows[key]
        return True

    def sort_out(self, writes: Sequence[Write]) -> tuple[list[Write], set[ExecutionId]]:
        """The writes that may go ahead, and the executions of the others."""
        admitted = [write for write in writes if self.admits(write)]
        kept = {id(write) for write in admitted}
        refused = {write.handle.context.execution_id for write in writes if id(write) not in kept}
        return admitted, refused


class HotStatements:
    """The statements of the hot path as text, made once a dialect.

    They run on the driver's cursor: Core's own way to it costs more than the insert itself (measured in
    bench/commit_cost.py).
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._fences: dict[int, str] = {}
        self._insert = self._text(insert(events))

    def fence(self, connection: Connection, keys: Collection[int]) -> Fence:
        """Read, and on PostgreSQL lock, the rows of running executions."""
        statement = self._fences.get(len(keys)) or self._fence(len(keys))
        cursor = connection.connection.cursor()
        try:
            cursor.execute(statement, tuple(keys))
            return Fence(cursor.fetchall())
        finally:
            cursor.close()

    def insert_events(self, connection: Connection, writes: Sequence[Write]) -> None:
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(
                self._insert, [(write.handle.key, *entry) for write in writes for entry in write.entries]
            )
        finally:
            cursor.close()

    def _fence(self, count: int) -> str:
        newest = select(func.max(events.c.seq)).where(events.c.execution_key == executions.c.key)
        statement = (
            select(executions.c.key, executions.c.epoch, newest.scalar_subquery())
            .where(
                executions.c.key.in_([bindparam(f"key_{index}") for index in range(count)]),
                executions.c.status == literal_column(f"'{ExecutionStatus.RUNNING}'"),
            )
            .with_for_update()
        )
        return self._fences.setdefault(count, self._text(statement))

    def _text(self, statement: ClauseElement) -> str:
        return str(statement.compile(dialect=self._dialect))

"""Who may write: the one check before every write of an owner."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, literal_column, select

from app.db.column_types import RowKey
from app.db.errors import RepositoryError
from app.db.event_rows import NEWEST
from app.db.prepared import PreparedList
from app.db.tables import executions
from lib.streaming.ports.log_store import ExecutionEnded, Write
from lib.streaming.types import ExecutionId, ExecutionStatus

_RUNNING: ColumnElement[str] = literal_column(f"'{ExecutionStatus.RUNNING}'")

#: Of the running ones among some keys, in order: key, epoch, number of the newest event. PostgreSQL locks the rows, in
#: that order; not against rows that refer to them (`key_share`), which are written in any order, and the two would
#: wait for each other.
STATEMENT = PreparedList(
    RowKey,
    lambda _, keys: (
        select(executions.c.key, executions.c.epoch, NEWEST)
        .where(executions.c.key.in_(keys), executions.c.status == _RUNNING)
        .order_by(executions.c.key)
        .with_for_update(key_share=True)
    ),
)


class NumberingBroken(RepositoryError):
    """An owner's events do not follow the last stored one: a fault of the engine, never of its caller."""

    code = "numbering_broken"


class Fence:
    """What the rows say about some running executions: epoch and number of the newest event.

    Good for the transaction it was read in, which holds the rows' lock.
    """

    def __init__(self, rows: Iterable[tuple[int, int, int]]) -> None:
        self._rows = {key: (epoch, last_seq) for key, epoch, last_seq in rows}

    @classmethod
    def around(cls, connection: Connection, keys: Collection[int]) -> Fence:
        return cls(STATEMENT.raw(connection, tuple(keys)))

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
        admitted, refused = [], set()
        for write in writes:
            if self.admits(write):
                admitted.append(write)
            else:
                refused.add(write.handle.context.execution_id)
        return admitted, refused

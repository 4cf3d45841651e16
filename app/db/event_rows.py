"""Events as rows: the one statement that writes them, and the one that reads them."""

from __future__ import annotations

from sqlalchemy import bindparam, exists, func, insert, literal_column, select
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import NullType

from app.db.prepared import Prepared, slots
from app.db.tables import events, executions
from lib.streaming.types import ExecutionStatus

_COLUMNS = ("execution_key", "seq", "code", "at_ms", "data")

#: Rows of (execution key, *LogEntry).
INSERT = Prepared(lambda _: insert(events).values(**slots(events, *_COLUMNS)))


def _append(dialect: str) -> UpdateBase:
    # SQLite takes bytes as they are; going through the column's type would wrap each in a view.
    data = bindparam("data", type_=NullType() if dialect == "sqlite" else events.c.data.type)
    key, seq, code, at_ms = (
        bindparam(name, type_=column.type)
        for name, column in zip(("key", "seq", "code", "at_ms"), list(events.c)[:4], strict=True)
    )
    return insert(events).from_select(
        _COLUMNS,
        select(key, seq, code, at_ms, data).where(
            executions.c.key == key,
            executions.c.epoch == bindparam("epoch"),
            executions.c.status == literal_column(f"'{ExecutionStatus.RUNNING}'"),
            exists().where(events.c.execution_key == key, events.c.seq == bindparam("previous")),
        ),
    )


#: One row, if its writer (`epoch`) owns the execution and the number before its own (`previous`) is stored.
APPEND = Prepared(_append)

#: Of execution `key`, at most `limit` numbers above `after`. Rows are the fields of a `LogEntry`.
AFTER = Prepared(
    lambda _: (
        select(events.c.seq, events.c.code, events.c.at_ms, events.c.data)
        .where(events.c.execution_key == bindparam("key"), events.c.seq > bindparam("after"))
        .order_by(events.c.seq)
        .limit(bindparam("limit"))
    )
)

#: Number of the newest event of a row of `executions`.
NEWEST = (
    select(func.max(events.c.seq))
    .where(events.c.execution_key == executions.c.key)
    .correlate(executions)
    .scalar_subquery()
    .label("last_seq")
)

"""Events as rows: the one statement that writes them, and the one that reads them."""

from __future__ import annotations

from sqlalchemy import bindparam, exists, func, insert, literal_column, select

from app.db.prepared import Prepared, slots
from app.db.tables import events, executions
from lib.streaming.types import ExecutionStatus

_COLUMNS = ("execution_key", "seq", "code", "at_ms", "data")

#: Rows of (execution key, *LogEntry).
INSERT = Prepared(lambda _: insert(events).values(**slots(events, *_COLUMNS)))

#: One row, if its writer (`epoch`) owns the execution and the number before its own (`previous`) is stored. The values
#: are the driver's: this runs for every token.
APPEND = Prepared(
    lambda _: insert(events).from_select(
        _COLUMNS,
        select(*(bindparam(name) for name in ("key", "seq", "code", "at_ms", "data"))).where(
            executions.c.key == bindparam("key"),
            executions.c.epoch == bindparam("epoch"),
            executions.c.status == literal_column(f"'{ExecutionStatus.RUNNING}'"),
            exists().where(events.c.execution_key == bindparam("key"), events.c.seq == bindparam("previous")),
        ),
    )
)

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

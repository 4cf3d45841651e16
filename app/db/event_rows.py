"""Events as rows: the one statement that writes them, and the one that reads them."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, select

from app.db.prepared import Prepared, slots
from app.db.tables import events, executions

_COLUMNS = ("execution_key", "seq", "code", "at_ms", "data")

#: Rows of (execution key, *LogEntry).
INSERT = Prepared(lambda _: insert(events).values(**slots(events, *_COLUMNS)))

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

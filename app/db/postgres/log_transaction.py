"""A commit of events and row changes: the fence, the events and NOTIFY, the rows, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.db import log_commit
from app.db.fence import Fence
from app.db.postgres.channel import EVENTS, Moved, payloads
from app.db.postgres.driver import Driver
from app.db.postgres.event_columns import event_columns
from lib.streaming.ports.log_store import Write
from lib.streaming.types import ExecutionId

_EVENTS = f"""
WITH added AS (
    INSERT INTO events (execution_key, seq, code, at_ms, data)
    SELECT * FROM unnest($1::bigint[], $2::integer[], $3::smallint[], $4::bigint[], $5::bytea[])
)
SELECT pg_notify('{EVENTS}', payload) FROM unnest($6::text[]) AS payload
"""  # noqa: S608 - constants


def commit(connection: Connection, writes: Sequence[Write]) -> set[ExecutionId]:
    """Write what the fence admits; return the executions whose writes it refused."""
    fence = Fence.around(connection, {write.handle.key for write in writes})
    admitted, refused = fence.sort_out(writes)
    if any(write.entries for write in admitted):
        Driver(connection).fetch(_EVENTS, *event_columns(admitted), payloads(_moved(admitted)))
    log_commit.apply_changes(connection, admitted)
    return refused


def _moved(writes: Sequence[Write]) -> list[Moved]:
    newest = {write.handle.key: write.entries[-1].seq for write in writes if write.entries}
    return [Moved(key, seq) for key, seq in newest.items()]

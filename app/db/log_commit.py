"""One commit of many executions: fence, events, row changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from sqlalchemy import Connection, bindparam, update

from app.db import attempts, event_rows
from app.db.dialect import now_ms
from app.db.fence import Fence
from app.db.prepared import Prepared, slots
from app.db.tables import executions
from app.db.usage_columns import NAMES, named
from lib.streaming.ports.log_store import AttemptEnded, AttemptStarted, ExecutionEnded, RowChange, Write
from lib.streaming.types import ExecutionId, ExecutionStatus, PromptStatus

_END = Prepared(
    lambda _: (
        update(executions)
        .where(
            executions.c.key == bindparam("key"),
            executions.c.epoch == bindparam("epoch"),
            executions.c.status == ExecutionStatus.RUNNING,
        )
        .values(
            **slots(executions, "status", "ended_by", "code", "message", "duration_ms", "cost_nano", *NAMES),
            finished_ms=now_ms(),
            lease_until_ms=None,
        )
    )
)


def commit(connection: Connection, writes: Sequence[Write]) -> Collection[ExecutionId]:
    """Write what the fence admits; return the executions whose writes it refused."""
    fence = Fence.around(connection, {write.handle.key for write in writes})
    admitted, refused = fence.sort_out(writes)
    event_rows.INSERT.many(connection, [(write.handle.key, *entry) for write in admitted for entry in write.entries])
    apply_changes(connection, admitted)
    return refused


def apply_changes(connection: Connection, admitted: Sequence[Write]) -> None:
    """The row changes of writes whose fence is held, after their events."""
    for write in admitted:
        for change in write.changes:
            _apply(connection, write, change)


def append(connection: Connection, write: Write) -> bool:
    """Write a single event and nothing else, by one statement; False if the fence, whatever the reason, let it not."""
    seq, code, at_ms, data = write.entries[0]
    touched = event_rows.APPEND.run(
        connection,
        key=write.handle.key,
        epoch=write.epoch,
        seq=seq,
        previous=seq - 1,
        code=code,
        at_ms=at_ms,
        data=data,
    )
    return touched == 1


def _apply(connection: Connection, write: Write, change: RowChange) -> None:
    match change:
        case AttemptStarted():
            attempts.start(connection, write.handle.key, change)
        case AttemptEnded():
            attempts.end(connection, write.handle.key, change)
        case ExecutionEnded():
            _end(connection, write, change)
        case _:
            assert_never(change)


def _end(connection: Connection, write: Write, ended: ExecutionEnded) -> None:
    """The terminal write: attempts still live share the execution's end."""
    key, prompt_ids = write.handle.key, write.handle.context.prompt_ids
    status = PromptStatus(ended.status.value)
    attempts.settle_live(connection, key, prompt_ids, status, ended.code, ended.message)
    _END.run(
        connection,
        key=key,
        epoch=write.epoch,
        new_status=ended.status,
        new_ended_by=ended.ended_by,
        new_code=ended.code,
        new_message=ended.message,
        new_duration_ms=ended.duration_ms,
        new_cost_nano=ended.cost,
        **named("new_", ended.usage),
    )

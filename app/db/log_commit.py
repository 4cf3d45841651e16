"""One commit of many executions: fence, events, row changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from sqlalchemy import Connection, update

from app.db import attempts
from app.db.dialect import now_ms
from app.db.fence import HotStatements
from app.db.tables import executions
from app.db.usage_columns import NAMES, to_row
from lib.streaming.ports import AttemptEnded, AttemptStarted, ExecutionEnded, RowChange, Write
from lib.streaming.types import ExecutionId, ExecutionStatus, PromptStatus


def commit(connection: Connection, writes: Sequence[Write], hot: HotStatements) -> Collection[ExecutionId]:
    """Write what the fence admits; return the executions whose writes it refused."""
    fence = hot.fence(connection, {write.handle.key for write in writes})
    admitted, refused = fence.sort_out(writes)
    hot.insert_events(connection, admitted)
    for write in admitted:
        for change in write.changes:
            _apply(connection, write, change)
    return refused


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
    connection.execute(
        update(executions)
        .where(
            executions.c.key == key,
            executions.c.epoch == write.epoch,
            executions.c.status == ExecutionStatus.RUNNING,
        )
        .values(
            status=ended.status,
            ended_by=ended.ended_by,
            code=ended.code,
            message=ended.message,
            duration_ms=ended.duration_ms,
            finished_ms=now_ms(),
            lease_until_ms=None,
            **dict(zip(NAMES, to_row(ended.usage), strict=True)),
        )
    )

"""How much work there is, over all processes."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select

from app.db.dialect import now_ms
from app.db.port import Database
from app.db.tables import LIVE, executions
from lib.streaming.types import ExecutionStatus


class Backlog(msgspec.Struct, frozen=True):
    """Executions that wait for their first worker, how long the oldest has (seconds), and those that run."""

    pending: int = 0
    oldest_seconds: float = 0.0
    running: int = 0


async def backlog(database: Database) -> Backlog:
    """Raises `StorageUnavailable`."""
    return await database.read(_read)


def _read(connection: Connection) -> Backlog:
    created = executions.c.created_ms
    rows = connection.execute(
        select(executions.c.status, func.count().label("number"), (now_ms() - func.min(created)).label("age_ms"))
        .where(LIVE)
        .group_by(executions.c.status)
    )
    found = {row.status: row for row in rows}
    pending, running = found.get(ExecutionStatus.PENDING), found.get(ExecutionStatus.RUNNING)
    return Backlog(
        pending=pending.number if pending else 0,
        oldest_seconds=max(0, pending.age_ms) / 1000 if pending else 0.0,
        running=running.number if running else 0,
    )

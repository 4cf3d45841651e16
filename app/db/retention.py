"""Removing what has been kept long enough: contents first, whole records later.

Every method is one short transaction over a bounded number of executions, the oldest first, so that the one writer of
SQLite is never held for long and a run that is broken off has done whole batches. Only ended executions are
looked at. Ages are judged by the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, delete, func, select, update

from app.db.dialect import now_ms
from app.db.port import Database
from app.db.tables import ENDED, WITH_CONTENTS, audit, event_timelines, events, executions, prompt_results

_row = executions.c


class Due(msgspec.Struct, frozen=True):
    """How many executions would be emptied or removed now, and how many audit rows removed."""

    contents: int = 0
    records: int = 0
    audit: int = 0

    def __bool__(self) -> bool:
        return bool(self.contents or self.records or self.audit)


class RetentionRepository:
    """Ages in milliseconds since the end of an execution, or since an audit row was written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, contents: int | None, records: int | None, audit: int | None) -> Due:
        """What is older than each age; None: kept for ever."""

        def count(connection: Connection) -> Due:
            return Due(
                _count(connection, _with_contents(contents)) if contents is not None else 0,
                _count(connection, _ended_before(records)) if records is not None else 0,
                _count(connection, _audit_before(audit)) if audit is not None else 0,
            )

        return await self._database.read(count)

    async def remove_contents(self, age: int, limit: int) -> int:
        """Empty inputs, messages, outputs and events of at most `limit` executions; how many there were."""
        return await self._database.write(lambda connection: _remove_contents(connection, age, limit))

    async def remove_records(self, age: int, limit: int) -> int:
        """Delete at most `limit` executions with all that belongs to them; how many there were."""
        return await self._database.write(lambda connection: _remove_records(connection, age, limit))

    async def remove_audit(self, age: int, limit: int) -> int:
        """Delete at most `limit` audit rows; how many there were."""
        return await self._database.write(lambda connection: _remove_audit(connection, age, limit))


def _with_contents(age: int) -> Select[int]:
    return select(_row.key).where(WITH_CONTENTS, ENDED, _row.finished_ms < now_ms() - age).order_by(_row.finished_ms)


def _ended_before(age: int) -> Select[int]:
    # What ended before a moment was created before it, and that has an index.
    before: ColumnElement[int] = now_ms() - age
    return (
        select(_row.key)
        .where(ENDED, _row.finished_ms < before, _row.created_ms < before)
        .order_by(_row.created_ms, _row.id)
    )


def _audit_before(age: int) -> Select[int]:
    return select(audit.c.id).where(audit.c.at_ms < now_ms() - age)


def _count(connection: Connection, keys: Select[int]) -> int:
    return connection.execute(select(func.count()).select_from(keys.order_by(None).subquery())).scalar_one()


def _locked(connection: Connection, keys: Select[int], limit: int) -> Sequence[int]:
    """The first ones that no other process is at."""
    return connection.scalars(keys.limit(limit).with_for_update(skip_locked=True)).all()


def _remove_contents(connection: Connection, age: int, limit: int) -> int:
    keys = _locked(connection, _with_contents(age), limit)
    if keys:
        newest = events.alias("newest")
        last = select(func.max(newest.c.seq)).where(newest.c.execution_key == events.c.execution_key)
        connection.execute(
            update(executions)
            .where(_row.key.in_(keys))
            .values(inputs={}, idempotency_key=None, request_hash=None, compacted=True, contents_removed_ms=now_ms())
        )
        connection.execute(
            update(prompt_results)
            .where(prompt_results.c.execution_key.in_(keys))
            .values(messages=(), output="", reasoning="")
        )
        connection.execute(delete(event_timelines).where(event_timelines.c.execution_key.in_(keys)))
        # The last one stays: it is how an execution is known to have ended, and with which number.
        connection.execute(
            delete(events).where(events.c.execution_key.in_(keys), events.c.seq < last.scalar_subquery())
        )
    return len(keys)


def _remove_records(connection: Connection, age: int, limit: int) -> int:
    keys = _locked(connection, _ended_before(age), limit)
    if keys:
        connection.execute(delete(executions).where(_row.key.in_(keys)))
    return len(keys)


def _remove_audit(connection: Connection, age: int, limit: int) -> int:
    # Rows are in the order of their ids, so the oldest are at the front and no index by time is needed.
    front = select(audit.c.id, audit.c.at_ms).order_by(audit.c.id).limit(limit).subquery()
    rows = connection.scalars(select(front.c.id).where(front.c.at_ms < now_ms() - age)).all()
    if rows:
        connection.execute(delete(audit).where(audit.c.id.in_(rows)))
    return len(rows)

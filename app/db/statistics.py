"""What was run in a stretch of time, counted by day, assistant, user and model.

Every query reads the executions of the stretch once, by the index on their creation time. Percentiles are taken over
the newest `SAMPLE` of them: SQLite has no percentile of its own, and sorting a quarter of a year is nobody's wish.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from app.db.percentiles import Percentiles, percentiles
from app.db.port import Database
from app.db.tables import assistant_versions, assistants, executions, prompt_results, users
from lib.streaming.types import ExecutionStatus

DAY_MS = 86_400_000
SAMPLE = 5_000
#: Rows a table of assistants, users or models has at most: the busiest.
MOST = 50

_row, _attempt = executions.c, prompt_results.c
_FAILED = (ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT)


class DayStatus(msgspec.Struct, frozen=True):
    """`day`: days since 1970-01-01, UTC. `code` is None for those that ended well or have not ended.

    `cost_nano` sums what is known, `unpriced` counts the runs that used tokens at a price nobody knew.
    """

    day: int
    status: ExecutionStatus
    code: str | None
    runs: int
    input_tokens: int
    output_tokens: int
    cost_nano: int
    unpriced: int


class Share(msgspec.Struct, frozen=True):
    """One assistant, user or model; `runs` of a model are its attempts. Costs as those of a `DayStatus`."""

    id: str
    name: str
    runs: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost_nano: int
    unpriced: int


class ModelTimes(msgspec.Struct, frozen=True):
    model: str
    first_token_ms: Percentiles
    duration_ms: Percentiles


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """`first_token_ms` is that of attempts, `duration_ms` that of executions; both of the sample."""

    days: tuple[DayStatus, ...]
    assistants: tuple[Share, ...]
    users: tuple[Share, ...]
    models: tuple[Share, ...]
    sampled: int
    first_token_ms: Percentiles
    duration_ms: Percentiles
    by_model: tuple[ModelTimes, ...]


class StatisticsRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, from_ms: int, to_ms: int) -> Statistics:
        """Of executions made in [from_ms, to_ms)."""
        return await self._database.read(lambda connection: _between(connection, from_ms, to_ms))


def _between(connection: Connection, from_ms: int, to_ms: int) -> Statistics:
    made = and_(_row.created_ms >= from_ms, _row.created_ms < to_ms)
    newest = select(_row.key, _row.duration_ms).where(made).order_by(_row.created_ms.desc(), _row.id.desc())
    sample = newest.limit(SAMPLE)
    durations = connection.execute(sample).all()
    times = connection.execute(
        select(_attempt.model, _attempt.first_token_ms, _attempt.duration_ms).where(
            _attempt.execution_key.in_(select(sample.subquery().c.key)), _attempt.model.is_not(None)
        )
    ).all()
    return Statistics(
        days=_days(connection, made),
        assistants=_assistants(connection, made),
        users=_users(connection, made),
        models=_models(connection, made),
        sampled=len(durations),
        first_token_ms=percentiles(row.first_token_ms for row in times),
        duration_ms=percentiles(row.duration_ms for row in durations),
        by_model=_times(times),
    )


def _days(connection: Connection, made: ColumnElement[bool]) -> tuple[DayStatus, ...]:
    day = (_row.created_ms // DAY_MS).label("day")
    statement = (
        select(day, _row.status, _row.code, *_sums())
        .where(made)
        .group_by(day, _row.status, _row.code)
        .order_by(day, _row.status, _row.code)
    )
    return tuple(
        DayStatus(row.day, row.status, row.code, row.runs, *_summed(row)) for row in connection.execute(statement)
    )


def _assistants(connection: Connection, made: ColumnElement[bool]) -> tuple[Share, ...]:
    counted = _busiest(_row.assistant_id, made).subquery()
    version = assistant_versions.c
    statement = (
        select(counted, version.name)
        .join(assistants, assistants.c.id == counted.c.id)
        .join(
            assistant_versions,
            and_(version.assistant_id == assistants.c.id, version.number == assistants.c.version),
        )
    )
    return _shares(connection, statement)


def _users(connection: Connection, made: ColumnElement[bool]) -> tuple[Share, ...]:
    counted = _busiest(_row.principal_id, made).subquery()
    return _shares(connection, select(counted, users.c.email.label("name")).join(users, users.c.id == counted.c.id))


def _models(connection: Connection, made: ColumnElement[bool]) -> tuple[Share, ...]:
    runs = func.count().label("runs")
    statement = (
        select(_attempt.model.label("id"), _attempt.model.label("name"), runs, *_failed_and_used(_attempt))
        .join(executions, _row.key == _attempt.execution_key)
        .where(made, _attempt.model.is_not(None))
        .group_by(_attempt.model)
        .order_by(runs.desc(), _attempt.model)
        .limit(MOST)
    )
    return _shares(connection, statement)


def _busiest(column: ColumnElement[str], made: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    runs = func.count().label("runs")
    return (
        select(column.label("id"), runs, *_failed_and_used(_row))
        .where(made)
        .group_by(column)
        .order_by(runs.desc(), column)
        .limit(MOST)
    )


def _sums() -> tuple[ColumnElement[Any], ...]:
    return (func.count().label("runs"), *_used(_row))


def _failed_and_used(columns: Any) -> tuple[ColumnElement[Any], ...]:
    failed = func.sum(case((columns.status.in_(_FAILED), 1), else_=0)).label("failed")
    return (failed, *_used(columns))


def _used(columns: Any) -> tuple[ColumnElement[Any], ...]:
    return (
        func.coalesce(func.sum(columns.input_tokens), 0).label("input_tokens"),
        func.coalesce(func.sum(columns.output_tokens), 0).label("output_tokens"),
        func.coalesce(func.sum(columns.cost_nano), 0).label("cost_nano"),
        func.sum(case((_unpriced(columns), 1), else_=0)).label("unpriced"),
    )


def _unpriced(columns: Any) -> ColumnElement[bool]:
    return and_(columns.cost_nano.is_(None), columns.total_tokens > 0)


def _summed(row: Any) -> tuple[int, ...]:
    """PostgreSQL sums large integers to decimals."""
    return (int(row.input_tokens), int(row.output_tokens), int(row.cost_nano), int(row.unpriced))


def _shares(connection: Connection, statement: Select[*tuple[Any, ...]]) -> tuple[Share, ...]:
    """A join gives no order."""
    found = [Share(row.id, row.name, row.runs, int(row.failed), *_summed(row)) for row in connection.execute(statement)]
    return tuple(sorted(found, key=lambda share: (-share.runs, share.name)))


def _times(rows: Sequence[Any]) -> tuple[ModelTimes, ...]:
    by_model: dict[str, list[Any]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    return tuple(
        ModelTimes(
            model,
            percentiles(row.first_token_ms for row in own),
            percentiles(row.duration_ms for row in own),
        )
        for model, own in sorted(by_model.items())
    )

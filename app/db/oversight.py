"""Executions as administrators look at them: everybody's, by whatever they look for, and what holds a live one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, LargeBinary, Row, Select, exists, func, literal, select, tuple_

from app.db import paging
from app.db.dialect import now_ms
from app.db.execution_records import SUMMARY, summary_fields
from app.db.port import Database
from app.db.records import ExecutionFilter, ExecutionSummary, Page
from app.db.tables import PAID, TIMED, UNUSUAL, events, executions, prompt_results, users
from lib.streaming.sse_events.vocabulary import EventCode
from lib.streaming.types import ExecutionId, ExecutionStatus, PrincipalId

Statement: TypeAlias = Select[*tuple[Any, ...]]

_row, _result = executions.c, prompt_results.c
#: What has no index is looked for among so many executions at a time, whatever the database holds.
STRETCH = 20_000
_UNUSUAL = (ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.TIMED_OUT)


class Order(StrEnum):
    """`duration` leaves out what has not ended; `cost` what cost nothing, or nobody knows how much."""

    CREATED = "created"
    DURATION = "duration"
    COST = "cost"


_COLUMNS = {Order.CREATED: _row.created_ms, Order.DURATION: _row.duration_ms, Order.COST: _row.cost_nano}
_RANKED = {Order.DURATION: TIMED, Order.COST: PAID}


class OversightFilter(ExecutionFilter, frozen=True, kw_only=True):
    """`text` is looked for in messages, letter by letter; `model` is one that some attempt was sent to."""

    code: str | None = None
    principal_id: PrincipalId | None = None
    model: str | None = None
    text: str | None = None


class OverseenExecution(ExecutionSummary, frozen=True, kw_only=True):
    """An execution in the list. `model` and `first_token_ms` are those of its first attempt that has any."""

    user: str
    model: str | None
    first_token_ms: int | None
    duration_ms: int | None


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What holds an execution and when it last moved; ages in milliseconds by the database's clock."""

    user: str
    owner: str | None
    epoch: int
    claims: int
    lease_left_ms: int | None
    newest_seq: int
    newest_at_ms: int | None
    newest_age_ms: int | None
    waits: bool


def _of_first_attempt(column: str) -> ColumnElement[Any]:
    return (
        select(_result[column])
        .where(_result.execution_key == _row.key, _result[column].is_not(None))
        .order_by(_result.started_ms)
        .limit(1)
        .scalar_subquery()
        .label(column)
    )


_OWN = ("user", "model", "first_token_ms", "duration_ms")
_LIST: Statement = SUMMARY.add_columns(
    users.c.email.label("user"),
    _row.duration_ms,
    _of_first_attempt("model"),
    _of_first_attempt("first_token_ms"),
).join(users, users.c.id == _row.principal_id)


class OversightRepository:
    def __init__(self, database: Database, stretch: int = STRETCH) -> None:
        self._database = database
        self._stretch = stretch

    async def list(
        self, where: OversightFilter, order: Order, limit: int, cursor: str | None = None
    ) -> Page[OverseenExecution]:
        """Newest, longest or dearest first. Raises `InvalidCursor`.

        A model or a text is looked for in a stretch of what fits the other filters, so that a page may hold less than
        `limit`, even nothing, and still have a `next_cursor`: the end of the stretch.
        """
        return await self._database.read(
            lambda connection: _list(connection, where, order, limit, cursor, self._stretch)
        )

    async def hold(self, execution_id: ExecutionId) -> Hold | None:
        return await self._database.read(lambda connection: _hold(connection, execution_id))


def _list(
    connection: Connection, where: OversightFilter, order: Order, limit: int, cursor: str | None, stretch: int
) -> Page[OverseenExecution]:
    statement = _ordered(_narrowed(connection, _LIST, where), order, cursor).limit(limit + 1)
    end = _end_of_stretch(connection, where, order, cursor, stretch)
    if end is not None:
        statement = statement.where(tuple_(_COLUMNS[order], _row.id) >= end)
    found = [_overseen(row) for row in connection.execute(statement)]
    page = paging.page(found, limit, lambda item: paging.encode(_place(item, order), item.id))
    if end is None or page.next_cursor is not None:
        return page
    return Page(page.items, paging.encode(*end))


def _end_of_stretch(
    connection: Connection, where: OversightFilter, order: Order, cursor: str | None, stretch: int
) -> tuple[int, str] | None:
    """The last place to look at for what has no index; None where all the rest may be looked at."""
    if where.model is None and where.text is None:
        return None
    indexed = msgspec.structs.replace(where, model=None, text=None)
    places: Statement = select(_COLUMNS[order], _row.id)
    last = _ordered(_narrowed(connection, places, indexed), order, cursor).offset(stretch - 1).limit(1)
    row = connection.execute(last).one_or_none()
    return None if row is None else (row[0], row[1])


def _ordered(statement: Statement, order: Order, cursor: str | None) -> Statement:
    if order in _RANKED:
        # In words, because the index is only used where the query says the same words.
        statement = statement.where(_RANKED[order])
    if cursor is not None:
        statement = statement.where(tuple_(_COLUMNS[order], _row.id) < paging.decode(cursor))
    return statement.order_by(_COLUMNS[order].desc(), _row.id.desc())


def _overseen(row: Row[*tuple[Any, ...]]) -> OverseenExecution:
    return OverseenExecution(**summary_fields(row), **{name: getattr(row, name) for name in _OWN})


def _place(item: OverseenExecution, order: Order) -> int:
    return getattr(item, _COLUMNS[order].key) or 0


def _narrowed(connection: Connection, statement: Statement, where: OversightFilter) -> Statement:
    equal = {
        _row.status: where.status,
        _row.assistant_id: where.assistant_id,
        _row.code: where.code,
        _row.principal_id: where.principal_id,
    }
    for column, value in equal.items():
        if value is not None:
            statement = statement.where(column == value)
    if where.status in _UNUSUAL:
        # In words, because the index is only used where the query says the same words.
        statement = statement.where(UNUSUAL)
    if where.from_ms is not None:
        statement = statement.where(_row.created_ms >= where.from_ms)
    if where.to_ms is not None:
        statement = statement.where(_row.created_ms < where.to_ms)
    if where.model is not None:
        statement = statement.where(exists().where(_result.execution_key == _row.key, _result.model == where.model))
    if where.text is not None:
        statement = statement.where(_holds(connection, where.text))
    return statement


def _holds(connection: Connection, text: str) -> ColumnElement[bool]:
    """Messages are bytes to the database, so bytes are looked for."""
    if connection.dialect.name == "postgresql":
        escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        return _row.message.op("LIKE", is_comparison=True)(literal(f"%{escaped}%".encode(), LargeBinary))
    return func.instr(_row.message, literal(text.encode(), LargeBinary)) > 0


_NEWEST = select(events.c.seq, events.c.at_ms, events.c.code).order_by(events.c.seq.desc()).limit(1)


def _hold(connection: Connection, execution_id: ExecutionId) -> Hold | None:
    row = connection.execute(
        select(
            *(_row.key, _row.owner, _row.epoch, _row.claims, users.c.email.label("user"), now_ms().label("now")),
            (_row.lease_until_ms - now_ms()).label("lease_left_ms"),
        )
        .join(users, users.c.id == _row.principal_id)
        .where(_row.id == execution_id)
    ).one_or_none()
    if row is None:
        return None
    newest = connection.execute(_NEWEST.where(events.c.execution_key == row.key)).one_or_none()
    return _as_hold(row, newest)


def _as_hold(row: Row[*tuple[Any, ...]], newest: Row[*tuple[Any, ...]] | None) -> Hold:
    return Hold(
        user=row.user,
        owner=row.owner,
        epoch=row.epoch,
        claims=row.claims,
        lease_left_ms=row.lease_left_ms,
        newest_seq=0 if newest is None else newest.seq,
        newest_at_ms=None if newest is None else newest.at_ms,
        newest_age_ms=None if newest is None else row.now - newest.at_ms,
        waits=newest is not None and newest.code == EventCode.EXECUTION_WAITING,
    )

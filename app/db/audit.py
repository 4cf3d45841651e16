"""Who did what: rows that are only ever added."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Row, insert, select, tuple_

from app.db import paging
from app.db.dialect import now_ms
from app.db.errors import InvalidCursor
from app.db.port import Database
from app.db.records import AuditFilter, AuditRecord, Page
from app.db.tables import audit, users
from lib.streaming.types import PrincipalId, Value

_row = audit.c
_SELECT = select(audit, users.c.email.label("actor_email")).outerjoin(users, users.c.id == _row.actor_id)


class AuditRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        actor_id: PrincipalId | None,
        action: str,
        target: str,
        details: Mapping[str, Value] | None = None,
        request_id: str | None = None,
    ) -> None:
        statement = insert(audit).values(
            at_ms=now_ms(),
            actor_id=actor_id,
            action=action,
            target=target,
            details=dict(details or {}),
            request_id=request_id,
        )
        await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def list(self, limit: int, cursor: str | None = None, where: AuditFilter | None = None) -> Page[AuditRecord]:
        """Newest first. Raises `InvalidCursor`."""
        return await self._database.read(lambda connection: _list(connection, limit, cursor, where or AuditFilter()))


def _list(connection: Connection, limit: int, cursor: str | None, where: AuditFilter) -> Page[AuditRecord]:
    statement = _SELECT.order_by(_row.at_ms.desc(), _row.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(tuple_(_row.at_ms, _row.id) < _place(cursor))
    for column in ("actor_id", "action", "target"):
        if (wanted := getattr(where, column)) is not None:
            statement = statement.where(_row[column] == wanted)
    if where.from_ms is not None:
        statement = statement.where(_row.at_ms >= where.from_ms)
    if where.to_ms is not None:
        statement = statement.where(_row.at_ms < where.to_ms)
    records = [_record(row) for row in connection.execute(statement)]
    return paging.page(records, limit, lambda record: paging.encode(record.at_ms, str(record.id)))


def _record(row: Row[*tuple[object, ...]]) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        at_ms=row.at_ms,
        actor_id=row.actor_id,
        action=row.action,
        target=row.target,
        details=row.details,
        request_id=row.request_id,
        actor_email=row.actor_email,
    )


def _place(cursor: str) -> tuple[int, int]:
    at_ms, row_id = paging.decode(cursor)
    if not row_id.isascii() or not row_id.isdecimal() or int(row_id) >= 1 << 63:
        raise InvalidCursor("The cursor was not made by this list.")
    return at_ms, int(row_id)

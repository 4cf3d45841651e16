"""Who did what: rows that are only ever added."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from app.db import paging
from app.db.dialect import now_ms
from app.db.errors import InvalidCursor
from app.db.port import Database
from app.db.records import AuditRecord, Page
from app.db.tables import audit
from lib.streaming.types import PrincipalId, Value


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

    async def list(self, limit: int, cursor: str | None = None) -> Page[AuditRecord]:
        """Newest first. Raises `InvalidCursor`."""
        return await self._database.read(lambda connection: _list(connection, limit, cursor))


def _list(connection: Connection, limit: int, cursor: str | None) -> Page[AuditRecord]:
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(audit.c.id < _row_id(cursor))
    records = [
        AuditRecord(
            id=row.id,
            at_ms=row.at_ms,
            actor_id=row.actor_id,
            action=row.action,
            target=row.target,
            details=row.details,
            request_id=row.request_id,
        )
        for row in connection.execute(statement)
    ]
    return paging.page(records, limit, lambda record: paging.encode(record.at_ms, str(record.id)))


def _row_id(cursor: str) -> int:
    _, row_id = paging.decode(cursor)
    if not row_id.isascii() or not row_id.isdecimal() or int(row_id) >= 1 << 63:
        raise InvalidCursor("The cursor was not made by this list.")
    return int(row_id)

"""Who did what: rows that are only ever added."""

from __future__ import annotations

from collections.abc import Mapping

from app.db.port import Database
from app.db.records import AuditRecord, Page
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
        raise NotImplementedError

    async def list(self, limit: int, cursor: str | None = None) -> Page[AuditRecord]:
        """Newest first. Raises `InvalidCursor`."""
        raise NotImplementedError

"""Executions as people look at them; the engine's own view is `ExecutionStore`."""

from __future__ import annotations

from app.db.port import Database
from app.db.records import ExecutionFilter, ExecutionRecord, ExecutionSummary, Page
from lib.streaming.types import ExecutionId, PrincipalId


class ExecutionReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        principal_id: PrincipalId | None,
        limit: int,
        cursor: str | None = None,
        where: ExecutionFilter = ExecutionFilter(),
    ) -> Page[ExecutionSummary]:
        """Executions of one principal, or of all if None; newest first. Raises `InvalidCursor`."""
        raise NotImplementedError

    async def record(self, execution_id: ExecutionId) -> ExecutionRecord | None:
        raise NotImplementedError

    async def owner_of(self, execution_id: ExecutionId) -> PrincipalId | None:
        """Whose execution it is: one look-up by key, for authorization."""
        raise NotImplementedError

    async def delete(self, execution_id: ExecutionId) -> bool:
        """Remove a finished execution with all its events. False if there is none; raises `ExecutionLive`."""
        raise NotImplementedError

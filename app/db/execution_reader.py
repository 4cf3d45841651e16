"""Executions as people look at them; the engine's own view is `ExecutionStore`."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import Connection, bindparam, select

from app.db import execution_records, feedback
from app.db.definitions import DefinitionCache
from app.db.errors import ExecutionLive
from app.db.port import Database
from app.db.prepared import Prepared
from app.db.records import ExecutionFilter, ExecutionRecord, ExecutionSummary, Feedback, Page
from app.db.tables import executions
from lib.streaming.types import ExecutionId, PrincipalId, PromptId

_OWNER = Prepared(lambda _: select(executions.c.principal_id).where(executions.c.id == bindparam("execution")))


class ExecutionReader:
    def __init__(self, database: Database, definitions: DefinitionCache) -> None:
        self._database = database
        self._definitions = definitions

    async def list(
        self,
        principal_id: PrincipalId | None,
        limit: int,
        cursor: str | None = None,
        where: ExecutionFilter | None = None,
    ) -> Page[ExecutionSummary]:
        """Executions of one principal, or of all if None; newest first. Raises `InvalidCursor`."""
        return await self._database.read(
            lambda connection: execution_records.page_of(
                connection, principal_id, limit, cursor, where or ExecutionFilter()
            )
        )

    async def record(self, execution_id: ExecutionId) -> ExecutionRecord | None:
        return await self._database.read(
            lambda connection: execution_records.record(connection, execution_id, self._definitions)
        )

    async def owner_of(self, execution_id: ExecutionId) -> PrincipalId | None:
        """Whose execution it is: one look-up by key, for authorization."""
        row = await self._database.read_one(lambda connection: _OWNER.row(connection, execution=execution_id))
        return None if row is None else PrincipalId(row.principal_id)

    async def give_feedback(self, execution_id: ExecutionId, prompt_id: PromptId, value: Feedback | None) -> bool:
        """Say what the owner thinks of a prompt's answer, or take it back. False if there is no such prompt."""
        return await self._database.write(
            lambda connection: feedback.give(connection, execution_id, prompt_id, value, self._definitions)
        )

    async def delete(self, execution_id: ExecutionId) -> bool:
        """Remove a finished execution with all its events. False if there is none; raises `ExecutionLive`."""
        return await self._database.write(lambda connection: _delete(connection, execution_id))


def _delete(connection: Connection, execution_id: ExecutionId) -> bool:
    this = executions.c.id == execution_id
    status = connection.scalar(select(executions.c.status).where(this).with_for_update())
    if status is None:
        return False
    if not status.terminal:
        raise ExecutionLive("The execution has not ended yet; stop it first.")
    connection.execute(sqlalchemy.delete(executions).where(this))
    return True

"""What the owner of an execution thinks of a prompt's answer: one word a prompt, or none."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from app.db.definitions import DefinitionCache
from app.db.dialect import now_ms, upsert
from app.db.records import Feedback
from app.db.tables import executions, prompt_feedback
from lib.streaming.types import ExecutionId, PromptId, VersionId

_row = prompt_feedback.c


def give(
    connection: Connection,
    execution_id: ExecutionId,
    prompt_id: PromptId,
    value: Feedback | None,
    definitions: DefinitionCache,
) -> bool:
    """Replace what was said before; None takes it back. False if there is no such prompt."""
    execution = connection.execute(
        select(executions.c.key, executions.c.version_id).where(executions.c.id == execution_id)
    ).one_or_none()
    if execution is None or prompt_id not in definitions.get(connection, VersionId(execution.version_id)).prompt_ids:
        return False
    if value is None:
        connection.execute(
            delete(prompt_feedback).where(_row.execution_key == execution.key, _row.prompt_id == prompt_id)
        )
        return True
    statement = upsert(connection.dialect.name, prompt_feedback).values(
        execution_key=execution.key, prompt_id=prompt_id, value=value, given_ms=now_ms()
    )
    said = {name: statement.excluded[name] for name in ("value", "given_ms")}
    connection.execute(statement.on_conflict_do_update(index_elements=[_row.execution_key, _row.prompt_id], set_=said))
    return True


def of_execution(connection: Connection, key: int) -> dict[PromptId, Feedback]:
    rows = connection.execute(select(_row.prompt_id, _row.value).where(_row.execution_key == key))
    return {PromptId(row.prompt_id): row.value for row in rows}

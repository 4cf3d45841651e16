"""Executions as records: pages of summaries, and one with its prompts and attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import feedback, paging
from app.db.definitions import DefinitionCache
from app.db.records import (
    AttemptRecord,
    ExecutionFilter,
    ExecutionRecord,
    ExecutionSummary,
    Feedback,
    Page,
    PromptRecord,
)
from app.db.tables import assistant_versions, executions, prompt_results
from app.db.usage_columns import from_row, usage_of
from lib.streaming.definition import Definition
from lib.streaming.types import ExecutionId, PrincipalId, PromptId, VersionId

_row = executions.c

_PLAIN = (
    *("id", "principal_id", "assistant_id", "status", "code", "message", "ended_by"),
    *("created_ms", "started_ms", "finished_ms", "cost_nano"),
)
_ATTEMPT = (
    *("attempt", "status", "model", "provider", "messages", "output", "reasoning", "finish_reason"),
    *("started_ms", "first_token_ms", "duration_ms", "code", "message", "kept_from", "cost_nano"),
)

#: The columns of usage first.
SUMMARY = select(
    *usage_of(executions),
    *(_row[name] for name in _PLAIN),
    assistant_versions.c.number.label("version"),
    assistant_versions.c.name.label("assistant_name"),
).join(assistant_versions, assistant_versions.c.id == _row.version_id)


def page_of(
    connection: Connection,
    principal_id: PrincipalId | None,
    limit: int,
    cursor: str | None,
    where: ExecutionFilter,
) -> Page[ExecutionSummary]:
    statement = paging.newest_first(SUMMARY, executions, limit, cursor)
    if principal_id is not None:
        statement = statement.where(_row.principal_id == principal_id)
    if where.status is not None:
        statement = statement.where(_row.status == where.status)
    if where.assistant_id is not None:
        statement = statement.where(_row.assistant_id == where.assistant_id)
    if where.from_ms is not None:
        statement = statement.where(_row.created_ms >= where.from_ms)
    if where.to_ms is not None:
        statement = statement.where(_row.created_ms < where.to_ms)
    summaries = [ExecutionSummary(**summary_fields(row)) for row in connection.execute(statement)]
    return paging.page(summaries, limit, lambda item: paging.encode(item.created_ms, item.id))


def record(connection: Connection, execution_id: ExecutionId, definitions: DefinitionCache) -> ExecutionRecord | None:
    row = connection.execute(
        SUMMARY.add_columns(
            *(_row.key, _row.version_id, _row.inputs, _row.on_disconnect, _row.epoch, _row.cancel_requested),
            *(_row.contents_removed_ms, _row.rerun_of),
        ).where(_row.id == execution_id)
    ).one_or_none()
    if row is None:
        return None
    definition = definitions.get(connection, VersionId(row.version_id)).definition
    return ExecutionRecord(
        **summary_fields(row),
        inputs=row.inputs,
        contents_removed_ms=row.contents_removed_ms,
        rerun_of=row.rerun_of,
        on_disconnect=row.on_disconnect,
        epoch=row.epoch,
        cancel_requested=row.cancel_requested,
        prompts=_prompts(definition, _attempts(connection, row.key), feedback.of_execution(connection, row.key)),
    )


def summary_fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """What an `ExecutionSummary` is made of, out of a row of `SUMMARY` and whatever columns follow."""
    named = {name: getattr(row, name) for name in (*_PLAIN, "version", "assistant_name")}
    return {**named, "usage": from_row(row[:6])}


def _attempts(connection: Connection, key: int) -> dict[PromptId, list[AttemptRecord]]:
    stored = prompt_results.c
    rows = connection.execute(
        select(*usage_of(prompt_results), stored.prompt_id, *(stored[name] for name in _ATTEMPT))
        .where(stored.execution_key == key)
        .order_by(stored.prompt_id, stored.attempt)
    )
    attempts: dict[PromptId, list[AttemptRecord]] = {}
    for row in rows:
        named = {name: getattr(row, name) for name in _ATTEMPT}
        attempts.setdefault(PromptId(row.prompt_id), []).append(AttemptRecord(**named, usage=from_row(row[:6])))
    return attempts


def _prompts(
    definition: Definition,
    attempts: dict[PromptId, list[AttemptRecord]],
    said: dict[PromptId, Feedback],
) -> tuple[PromptRecord, ...]:
    return tuple(
        PromptRecord(
            prompt_id=prompt.id,
            name=prompt.name,
            position=prompt.position,
            feedback=said.get(prompt.id),
            attempts=tuple(attempts.get(prompt.id, ())),
        )
        for prompt in definition.in_order()
    )

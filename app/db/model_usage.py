"""Which models the current versions of assistants name, and which were asked of late."""

from __future__ import annotations

from collections import Counter

import msgspec
from sqlalchemy import Connection, and_, distinct, func, select

from app.db.definitions import decode_definition
from app.db.dialect import now_ms
from app.db.port import Database
from app.db.tables import assistant_versions, assistants, executions, prompt_results

DAYS = 30
_ROWS = 200


class ModelUse(msgspec.Struct, frozen=True):
    """`prompts`: those of current versions that name the model first; `fallbacks`: those that name it after another.

    `runs`: executions of the last 30 days that asked it.
    """

    model: str
    prompts: int
    fallbacks: int
    runs: int


class ModelUsageRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[ModelUse, ...]:
        """By name. Reads every current version."""
        return await self._database.read(_all)


def _all(connection: Connection) -> tuple[ModelUse, ...]:
    first, later = _named(connection)
    runs = _asked(connection)
    return tuple(
        ModelUse(model, first[model], later[model], runs.get(model, 0)) for model in sorted({*first, *later, *runs})
    )


def _named(connection: Connection) -> tuple[Counter[str], Counter[str]]:
    version = assistant_versions.c
    current = select(version.definition).join(
        assistants, and_(assistants.c.id == version.assistant_id, assistants.c.version == version.number)
    )
    first: Counter[str] = Counter()
    later: Counter[str] = Counter()
    for data in connection.execute(current).scalars().yield_per(_ROWS):
        for prompt in decode_definition(data).prompts:
            first[prompt.model] += 1
            later.update(prompt.fallback_models)
    return first, later


def _asked(connection: Connection) -> dict[str, int]:
    attempt = prompt_results.c
    statement = (
        select(attempt.model, func.count(distinct(attempt.execution_key)).label("runs"))
        .join(executions, executions.c.key == attempt.execution_key)
        .where(executions.c.created_ms >= now_ms() - DAYS * 86_400_000, attempt.model.is_not(None))
        .group_by(attempt.model)
    )
    return {row.model: row.runs for row in connection.execute(statement)}

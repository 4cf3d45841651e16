"""Rows of prompt attempts, written by the one owner of their execution.

Whoever calls holds the execution's fence in the same transaction; besides, an ended attempt is never updated.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from app.db.delta_texts import AttemptNumber, AttemptText, texts_of
from app.db.dialect import now_ms, upsert
from app.db.tables import prompt_results
from app.db.usage_columns import NAMES, to_row
from lib.streaming.ports import AttemptEnded, AttemptStarted
from lib.streaming.types import PromptId, PromptStatus

_row = prompt_results.c
_KEYS = (_row.execution_key, _row.prompt_id, _row.attempt)


class LiveAttempt(msgspec.Struct, frozen=True):
    prompt_id: PromptId
    attempt: int


def start(connection: Connection, key: int, started: AttemptStarted) -> None:
    connection.execute(
        insert(prompt_results).values(
            execution_key=key,
            prompt_id=started.prompt_id,
            attempt=started.attempt,
            status=PromptStatus.RUNNING,
            model=started.model,
            provider=started.provider,
            messages=started.messages,
            output="",
            reasoning="",
            started_ms=now_ms(),
        )
    )


def end(connection: Connection, key: int, ended: AttemptEnded) -> None:
    """Settle an attempt, or store the end of one that never began."""
    outcome = {
        "status": ended.status,
        "output": ended.output,
        "reasoning": ended.reasoning,
        "finish_reason": ended.finish_reason,
        "first_token_ms": ended.first_token_ms,
        "duration_ms": ended.duration_ms,
        "code": ended.code,
        "message": ended.message,
        **dict(zip(NAMES, to_row(ended.usage), strict=True)),
    }
    statement = upsert(connection, prompt_results).values(
        execution_key=key, prompt_id=ended.prompt_id, attempt=ended.attempt, messages=(), **outcome
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=_KEYS,
            set_={name: statement.excluded[name] for name in outcome},
            where=_row.status == PromptStatus.RUNNING,
        )
    )


def live(connection: Connection, key: int) -> list[LiveAttempt]:
    rows = connection.execute(
        select(_row.prompt_id, _row.attempt)
        .where(_row.execution_key == key, _row.status == PromptStatus.RUNNING)
        .order_by(_row.prompt_id, _row.attempt)
    )
    return [LiveAttempt(PromptId(prompt_id), attempt) for prompt_id, attempt in rows]


def settle_live(
    connection: Connection,
    key: int,
    prompt_ids: Sequence[PromptId],
    status: PromptStatus,
    code: str | None,
    message: str | None,
) -> dict[AttemptNumber, AttemptText]:
    """End every attempt still live with the text that the log holds of it; return those texts."""
    numbers = {attempt: (prompt_ids.index(attempt.prompt_id), attempt.attempt) for attempt in live(connection, key)}
    texts = texts_of(connection, key, numbers.values())
    for attempt, number in numbers.items():
        _settle(connection, key, attempt, texts[number], {"status": status, "code": code, "message": message})
    return texts


def _settle(
    connection: Connection, key: int, attempt: LiveAttempt, text: AttemptText, outcome: dict[str, str | None]
) -> None:
    connection.execute(
        update(prompt_results)
        .where(
            _row.execution_key == key,
            _row.prompt_id == attempt.prompt_id,
            _row.attempt == attempt.attempt,
            _row.status == PromptStatus.RUNNING,
        )
        .values(output=text.output, reasoning=text.reasoning, duration_ms=now_ms() - _row.started_ms, **outcome)
    )

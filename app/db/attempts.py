"""Rows of prompt attempts, written by the one owner of their execution.

Whoever calls holds the execution's fence in the same transaction; besides, an ended attempt is never updated.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.sql.dml import UpdateBase

from app.db.delta_texts import texts_of
from app.db.dialect import now_ms, upsert
from app.db.prepared import Prepared, slots
from app.db.tables import prompt_results
from app.db.usage_columns import NAMES, named
from lib.streaming.ports.log_store import AttemptEnded, AttemptStarted
from lib.streaming.types import PromptId, PromptStatus

_row = prompt_results.c
_KEYS = ("execution_key", "prompt_id", "attempt")
_OUTCOME = (
    *("status", "output", "reasoning", "finish_reason", "first_token_ms", "duration_ms", "code", "message"),
    "cost_nano",
    *NAMES,
)


class LiveAttempt(msgspec.Struct, frozen=True):
    prompt_id: PromptId
    attempt: int


def _upsert(dialect: str) -> UpdateBase:
    statement = upsert(dialect, prompt_results).values(**slots(prompt_results, *_KEYS, *_OUTCOME), messages=())
    return statement.on_conflict_do_update(
        index_elements=[_row[name] for name in _KEYS],
        set_={name: statement.excluded[name] for name in _OUTCOME},
        where=_row.status == PromptStatus.RUNNING,
    )


_START = Prepared(
    lambda _: insert(prompt_results).values(
        **slots(prompt_results, *_KEYS, "model", "provider", "messages"),
        status=PromptStatus.RUNNING,
        output="",
        reasoning="",
        started_ms=now_ms(),
    )
)
_END = Prepared(_upsert)
_LIVE = Prepared(
    lambda _: (
        select(_row.prompt_id, _row.attempt)
        .where(_row.execution_key == bindparam("key"), _row.status == PromptStatus.RUNNING)
        .order_by(_row.prompt_id, _row.attempt)
    )
)
_SETTLE = Prepared(
    lambda _: (
        update(prompt_results)
        .where(
            _row.execution_key == bindparam("key"),
            _row.prompt_id == bindparam("prompt"),
            _row.attempt == bindparam("number"),
            _row.status == PromptStatus.RUNNING,
        )
        .values(
            **slots(prompt_results, "status", "code", "message", "output", "reasoning"),
            duration_ms=now_ms() - _row.started_ms,
        )
    )
)


def start(connection: Connection, key: int, started: AttemptStarted) -> None:
    _START.run(
        connection,
        new_execution_key=key,
        new_prompt_id=started.prompt_id,
        new_attempt=started.attempt,
        new_model=started.model,
        new_provider=started.provider,
        new_messages=started.messages,
    )


def end(connection: Connection, key: int, ended: AttemptEnded) -> None:
    """Settle an attempt, or store the end of one that never began."""
    _END.run(
        connection,
        new_execution_key=key,
        new_prompt_id=ended.prompt_id,
        new_attempt=ended.attempt,
        new_status=ended.status,
        new_output=ended.output,
        new_reasoning=ended.reasoning,
        new_finish_reason=ended.finish_reason,
        new_first_token_ms=ended.first_token_ms,
        new_duration_ms=ended.duration_ms,
        new_code=ended.code,
        new_message=ended.message,
        new_cost_nano=ended.cost,
        **named("new_", ended.usage),
    )


def settle_live(
    connection: Connection,
    key: int,
    prompt_ids: Sequence[PromptId],
    status: PromptStatus,
    code: str | None,
    message: str | None,
) -> None:
    """End every attempt still live with the text that the log holds of it."""
    live = [LiveAttempt(PromptId(row.prompt_id), row.attempt) for row in _LIVE.rows(connection, key=key)]
    numbers = {attempt: (prompt_ids.index(attempt.prompt_id), attempt.attempt) for attempt in live}
    texts = texts_of(connection, key, numbers.values())
    for attempt, number in numbers.items():
        _SETTLE.run(
            connection,
            key=key,
            prompt=attempt.prompt_id,
            number=attempt.attempt,
            new_status=status,
            new_code=code,
            new_message=message,
            new_output=texts[number].output,
            new_reasoning=texts[number].reasoning,
        )

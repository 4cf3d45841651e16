"""Results that an execution takes over from an earlier one: copied when it is stored, so that it needs the other no more.

They are completed attempts as any other, without usage and times: nothing was paid for here, and nothing took time.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, literal, null, select

from app.db.prepared import Prepared
from app.db.tables import executions, prompt_results
from lib.streaming.errors import ContentsRemoved
from lib.streaming.ports.execution_store import KeptResult, Rerun
from lib.streaming.types import PromptId, PromptStatus

_row = prompt_results.c
_COPIED = ("prompt_id", "status", "model", "provider", "finish_reason", "messages", "output", "reasoning")
_MADE = ("execution_key", "attempt", "kept_from")

_KEPT = Prepared(
    lambda _: (
        select(_row.prompt_id, _row.model, _row.provider, _row.output, _row.reasoning, _row.finish_reason)
        .where(_row.execution_key == bindparam("key"), _row.kept_from.is_not(None))
        .order_by(_row.prompt_id)
    )
)


def copy(connection: Connection, key: int, rerun: Rerun) -> None:
    """Raise `ContentsRemoved` if one of the results is no longer there; then nothing of the start is stored."""
    for prompt_id in rerun.keep:
        source = (
            select(
                *(_row[name] for name in _COPIED),
                literal(key).label("execution_key"),
                literal(1).label("attempt"),
                executions.c.id.label("kept_from"),
            )
            .join(executions, executions.c.key == _row.execution_key)
            .where(
                executions.c.id == rerun.of,
                executions.c.contents_removed_ms.is_(null()),
                _row.prompt_id == prompt_id,
                _row.status == PromptStatus.COMPLETED,
            )
        )
        copied = connection.execute(insert(prompt_results).from_select([*_COPIED, *_MADE], source))
        if copied.rowcount != 1:
            raise ContentsRemoved


def of_execution(connection: Connection, key: int) -> tuple[KeptResult, ...]:
    return tuple(
        KeptResult(PromptId(row.prompt_id), row.model, row.provider, row.output, row.reasoning, row.finish_reason)
        for row in _KEPT.rows(connection, key=key)
    )

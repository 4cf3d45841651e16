"""What an earlier owner left of an execution: from its rows, and from what its log has told.

The log decides what has ended, not the rows: a failed attempt whose retry was announced does not end its prompt,
and an attempt whose loss was not yet announced must be announced by the next owner, however many die before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import msgspec
from sqlalchemy import Connection, Select, and_, or_, select

from app.db.delta_texts import texts_of
from app.db.dialect import now_ms
from app.db.tables import events, prompt_results
from app.db.usage_columns import from_row, usage_of
from lib.streaming.ports.execution_store import InterruptedAttempt, KeptResult
from lib.streaming.ports.log_store import LogHandle
from lib.streaming.pricing import total_cost
from lib.streaming.sse_events.log_entry import LogEntry, unpack
from lib.streaming.sse_events.vocabulary import (
    EventCode,
    PromptFinished,
    PromptRetrying,
    PromptStarted,
)
from lib.streaming.types import Message, NanoDollars, PromptId, PromptStatus, Usage
from lib.streaming.usage import total_usage

_PROMPT_CODES = (EventCode.PROMPT_STARTED, EventCode.PROMPT_RETRYING, EventCode.PROMPT_FINISHED)


class Legacy(msgspec.Struct, frozen=True):
    """The parts of a `Claim` that an earlier owner made."""

    results: dict[PromptId, str] = {}
    ended: dict[PromptId, PromptStatus] = {}
    attempts: dict[PromptId, int] = {}
    interrupted: tuple[InterruptedAttempt, ...] = ()
    usage: Usage | None = None
    cost: NanoDollars | None = NanoDollars(0)

    @classmethod
    def of_kept(cls, kept: Sequence[KeptResult]) -> Self:
        """What the first owner finds: nothing but what was kept from another execution."""
        return cls({result.prompt_id: result.output for result in kept}, {}, {result.prompt_id: 1 for result in kept})


def take_over(connection: Connection, handle: LogHandle) -> Legacy:
    """What there is to go on from. Attempts that the last owner left live are the new one's to end."""
    told = _last_told(connection, handle)
    rows = connection.execute(
        select(
            prompt_results.c.prompt_id,
            prompt_results.c.attempt,
            prompt_results.c.status,
            prompt_results.c.output,
            prompt_results.c.cost_nano,
            *usage_of(prompt_results),
        )
        .where(prompt_results.c.execution_key == handle.key)
        .order_by(prompt_results.c.prompt_id, prompt_results.c.attempt)
    ).all()
    used = [(usage, row.cost_nano) for row in rows if (usage := from_row(row[5:]))]
    return Legacy(
        results={PromptId(row.prompt_id): row.output for row in rows if row.status is PromptStatus.COMPLETED},
        ended=_ended(told.values()),
        attempts={PromptId(row.prompt_id): row.attempt for row in rows},
        interrupted=_interrupted(connection, handle, told.values()),
        usage=total_usage([usage for usage, _ in used]) if used else None,
        cost=total_cost(cost for _, cost in used),
    )


def _last_told(
    connection: Connection, handle: LogHandle
) -> dict[PromptId, PromptStarted | PromptRetrying | PromptFinished]:
    """The last thing the log says of each prompt, deltas left out."""
    rows = connection.execute(
        select(events.c.seq, events.c.code, events.c.at_ms, events.c.data)
        .where(events.c.execution_key == handle.key, events.c.code.in_(_PROMPT_CODES))
        .order_by(events.c.seq)
    )
    told: dict[PromptId, PromptStarted | PromptRetrying | PromptFinished] = {}
    for row in rows:
        event = unpack(LogEntry(*row), handle.context)
        if isinstance(event, PromptStarted | PromptRetrying | PromptFinished):
            told[event.prompt_id] = event
    return told


def _ended(told: Iterable[PromptStarted | PromptRetrying | PromptFinished]) -> dict[PromptId, PromptStatus]:
    return {
        event.prompt_id: event.status
        for event in told
        if isinstance(event, PromptFinished) and event.status is not PromptStatus.COMPLETED
    }


def _interrupted(
    connection: Connection, handle: LogHandle, told: Iterable[PromptStarted | PromptRetrying | PromptFinished]
) -> tuple[InterruptedAttempt, ...]:
    """Attempts whose last word is that they began, in chain order."""
    begun = [event for event in told if isinstance(event, PromptStarted)]
    if not begun:
        return ()
    numbers = {(handle.context.prompt_ids.index(event.prompt_id), event.attempt): event for event in begun}
    texts = texts_of(connection, handle.key, numbers)
    rows = {(row.prompt_id, row.attempt): row for row in connection.execute(_asked(handle.key, begun))}
    return tuple(
        InterruptedAttempt(
            prompt_id=event.prompt_id,
            attempt=event.attempt,
            model=event.model,
            output=texts[number].output,
            reasoning=texts[number].reasoning,
            asked_chars=sum(len(message.content) for message in rows[event.prompt_id, event.attempt].messages),
            duration_ms=rows[event.prompt_id, event.attempt].lasted,
        )
        for number, event in sorted(numbers.items(), key=lambda item: item[0])
    )


def _asked(key: int, begun: Sequence[PromptStarted]) -> Select[str, int, tuple[Message, ...], int]:
    """What was asked in these attempts, and for how long they have been."""
    row = prompt_results.c
    return select(row.prompt_id, row.attempt, row.messages, (now_ms() - row.started_ms).label("lasted")).where(
        row.execution_key == key,
        or_(*(and_(row.prompt_id == event.prompt_id, row.attempt == event.attempt) for event in begun)),
    )

"""The text of attempts as their stored deltas hold it."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, select

from app.db.tables import events
from lib.streaming.sse_events.log_entry import pack_delta
from lib.streaming.sse_events.vocabulary import DELTA_CODES, EventCode

#: Index of the prompt in the definition, and number of the attempt.
AttemptNumber = tuple[int, int]


class AttemptText(msgspec.Struct, frozen=True):
    output: str = ""
    reasoning: str = ""


def delta_prefix(data: bytes) -> bytes:
    """What precedes the text of a stored delta: two varints, prompt and attempt."""
    end = 0
    for _ in range(2):
        while data[end] >= 0x80:
            end += 1
        end += 1
    return data[:end]


def texts_of(connection: Connection, key: int, wanted: Collection[AttemptNumber]) -> dict[AttemptNumber, AttemptText]:
    """The text so far of live attempts; their deltas are all still rows."""
    if not wanted:
        return {}
    prefixes = {pack_delta(prompt, attempt, ""): (prompt, attempt) for prompt, attempt in wanted}
    parts: dict[tuple[AttemptNumber, int], list[bytes]] = {}
    rows = connection.execute(
        select(events.c.code, events.c.data)
        .where(events.c.execution_key == key, events.c.code.in_(sorted(DELTA_CODES)))
        .order_by(events.c.seq)
    )
    for code, data in rows:
        prefix = delta_prefix(data)
        if prefix in prefixes:
            parts.setdefault((prefixes[prefix], code), []).append(data[len(prefix) :])
    return {
        number: AttemptText(
            b"".join(parts.get((number, EventCode.PROMPT_DELTA), [])).decode(),
            b"".join(parts.get((number, EventCode.PROMPT_REASONING), [])).decode(),
        )
        for number in wanted
    }

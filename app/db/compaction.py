"""Packing an ended execution: its deltas become one timeline a prompt attempt.

Reading afterwards gives the very same entries. The text itself lies in the prompt result already; a timeline keeps
its own copy only where the two differ.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    type_coerce,
    update,
)

from app.db import timeline
from app.db.delta_texts import delta_prefix
from app.db.prepared import Prepared, slots
from app.db.tables import ENDED, UNCOMPACTED, event_timelines, events, executions, prompt_results
from app.db.timeline import Stroke
from lib.streaming.sse_events.log_entry import LogEntry, unpack_delta
from lib.streaming.sse_events.vocabulary import DELTA_CODES, EventCode
from lib.streaming.types import ExecutionId, PromptId, Seq

#: Written out, since a prepared statement cannot have a list of a length known only later.
_DELTAS: list[ColumnElement[int]] = [literal_column(str(int(code))) for code in sorted(DELTA_CODES)]
_PACKED = ("prompt", "attempt", "code", "last_seq", "packed", "text")


class Strand(msgspec.Struct):
    """The deltas of one kind of one attempt, in order; `prefix` is what each stored delta begins with."""

    code: int
    prefix: bytes
    strokes: list[Stroke]
    parts: list[bytes]

    @property
    def text(self) -> bytes:
        return b"".join(self.parts)


class Packed(msgspec.Struct, frozen=True):
    """A strand as stored; `text` is None where the prompt result holds it."""

    prompt: int
    attempt: int
    code: int
    last_seq: int
    packed: bytes
    text: bytes | None


_UNCOMPACTED = Prepared(
    lambda _: (
        select(executions.c.id)
        .where(UNCOMPACTED, ENDED)
        .order_by(executions.c.key)
        .limit(bindparam("limit", type_=Integer))
    )
)
_DELTAS_OF = Prepared(
    lambda _: (
        select(events.c.seq, events.c.code, events.c.at_ms, events.c.data)
        .where(events.c.execution_key == bindparam("key"), events.c.code.in_(_DELTAS))
        .order_by(events.c.seq)
    )
)
_MARK = Prepared(
    lambda _: update(executions).where(executions.c.key == bindparam("key"), UNCOMPACTED, ENDED).values(compacted=True)
)
_REMOVE = Prepared(
    lambda _: delete(events).where(events.c.execution_key == bindparam("key"), events.c.code.in_(_DELTAS))
)
_STORE = Prepared(lambda _: insert(event_timelines).values(**slots(event_timelines, "execution_key", *_PACKED)))
_TEXTS = Prepared(
    lambda _: select(
        prompt_results.c.prompt_id,
        prompt_results.c.attempt,
        type_coerce(prompt_results.c.output, LargeBinary).label("output"),
        type_coerce(prompt_results.c.reasoning, LargeBinary).label("reasoning"),
    ).where(prompt_results.c.execution_key == bindparam("key"))
)


class Unpacked(msgspec.Struct, frozen=True):
    """Deltas as rows, and what the prompt results hold by index of the prompt, attempt and code of the delta."""

    deltas: list[LogEntry]
    texts: dict[tuple[int, int, int], bytes]

    def pack(self) -> list[Packed]:
        """Takes a while."""
        return [_pack(strand, self.texts) for strand in unravel(self.deltas)]


def uncompacted(connection: Connection, limit: int) -> list[ExecutionId]:
    """Ended executions whose deltas are still rows, oldest first."""
    return [ExecutionId(row.id) for row in _UNCOMPACTED.rows(connection, limit=limit)]


def load(connection: Connection, key: int, prompt_ids: tuple[PromptId, ...]) -> Unpacked:
    """The deltas of an ended execution, which never change."""
    deltas = [LogEntry._make(row) for row in _DELTAS_OF.raw(connection, key=key)]
    return Unpacked(deltas, result_texts(connection, key, prompt_ids))


def apply(connection: Connection, key: int, strands: list[Packed]) -> None:
    """Put the packed strands in place of the rows, unless somebody else has; one transaction."""
    if _MARK.run(connection, key=key) == 0:
        return
    _REMOVE.run(connection, key=key)
    for strand in strands:
        _STORE.run(connection, new_execution_key=key, **{f"new_{name}": getattr(strand, name) for name in _PACKED})


def result_texts(
    connection: Connection, key: int, prompt_ids: tuple[PromptId, ...]
) -> dict[tuple[int, int, int], bytes]:
    """What the prompt results hold, by index of the prompt, attempt and code of the delta."""
    texts = {}
    for row in _TEXTS.rows(connection, key=key):
        number = prompt_ids.index(PromptId(row.prompt_id))
        texts[number, row.attempt, int(EventCode.PROMPT_DELTA)] = row.output
        texts[number, row.attempt, int(EventCode.PROMPT_REASONING)] = row.reasoning
    return texts


def unravel(deltas: Iterable[LogEntry]) -> list[Strand]:
    """Sort interleaved deltas by kind, prompt and attempt."""
    strands: dict[tuple[int, bytes], Strand] = {}
    for seq, code, at_ms, data in deltas:
        prefix = delta_prefix(data)
        strand = strands.setdefault((code, prefix), Strand(code, prefix, [], []))
        strand.strokes.append(Stroke(Seq(seq), at_ms, len(data) - len(prefix)))
        strand.parts.append(data[len(prefix) :])
    return list(strands.values())


def _pack(strand: Strand, texts: dict[tuple[int, int, int], bytes]) -> Packed:
    prompt, attempt, _ = unpack_delta(strand.prefix)
    text = strand.text
    same = texts.get((prompt, attempt, strand.code)) == text
    last = strand.strokes[-1].seq
    return Packed(prompt, attempt, strand.code, last, timeline.pack(strand.strokes), None if same else text)

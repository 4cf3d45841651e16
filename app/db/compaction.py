"""Packing an ended execution: its deltas become one timeline a prompt attempt.

Reading afterwards gives the very same entries. The text itself lies in the prompt result already; a timeline keeps
its own copy only where the two differ.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, LargeBinary, delete, insert, select, type_coerce, update

from app.db import timeline
from app.db.delta_texts import delta_prefix
from app.db.tables import ENDED, UNCOMPACTED, event_timelines, events, executions, prompt_results
from app.db.timeline import Stroke
from lib.streaming.sse_events.log_entry import LogEntry, unpack_delta
from lib.streaming.sse_events.vocabulary import DELTA_CODES, EventCode
from lib.streaming.types import ExecutionId, PromptId, Seq

_DELTAS = sorted(DELTA_CODES)


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


class Unpacked(msgspec.Struct, frozen=True):
    """Deltas as rows, and what the prompt results hold by index of the prompt, attempt and code of the delta."""

    deltas: list[LogEntry]
    texts: dict[tuple[int, int, int], bytes]

    def pack(self) -> list[Packed]:
        """Takes a while."""
        return [_pack(strand, self.texts) for strand in unravel(self.deltas)]


def uncompacted(connection: Connection, limit: int) -> list[ExecutionId]:
    """Ended executions whose deltas are still rows, oldest first."""
    rows = connection.execute(select(executions.c.id).where(UNCOMPACTED, ENDED).order_by(executions.c.key).limit(limit))
    return [ExecutionId(row.id) for row in rows]


def load(connection: Connection, key: int, prompt_ids: tuple[PromptId, ...]) -> Unpacked:
    """The deltas of an ended execution, which never change."""
    rows = connection.execute(
        select(events.c.seq, events.c.code, events.c.at_ms, events.c.data)
        .where(events.c.execution_key == key, events.c.code.in_(_DELTAS))
        .order_by(events.c.seq)
    )
    return Unpacked([LogEntry(*row) for row in rows], result_texts(connection, key, prompt_ids))


def apply(connection: Connection, key: int, strands: list[Packed]) -> None:
    """Put the packed strands in place of the rows, unless somebody else has; one transaction."""
    marked = connection.execute(
        update(executions).where(executions.c.key == key, UNCOMPACTED, ENDED).values(compacted=True)
    )
    if marked.rowcount == 0:
        return
    connection.execute(delete(events).where(events.c.execution_key == key, events.c.code.in_(_DELTAS)))
    if strands:
        rows = [{"execution_key": key, **msgspec.structs.asdict(strand)} for strand in strands]
        connection.execute(insert(event_timelines), rows)


def result_texts(
    connection: Connection, key: int, prompt_ids: tuple[PromptId, ...]
) -> dict[tuple[int, int, int], bytes]:
    """What the prompt results hold, by index of the prompt, attempt and code of the delta."""
    stored = prompt_results.c
    output, reasoning = (type_coerce(column, LargeBinary) for column in (stored.output, stored.reasoning))
    rows = connection.execute(
        select(stored.prompt_id, stored.attempt, output, reasoning).where(stored.execution_key == key)
    )
    texts = {}
    for prompt_id, attempt, answer, thoughts in rows:
        number = prompt_ids.index(PromptId(prompt_id))
        texts[number, attempt, int(EventCode.PROMPT_DELTA)] = answer
        texts[number, attempt, int(EventCode.PROMPT_REASONING)] = thoughts
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

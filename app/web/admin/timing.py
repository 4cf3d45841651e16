"""Where the time of an attempt went, as parts of a bar."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.db.records import AttemptRecord, ExecutionRecord


class Span(msgspec.Struct, frozen=True):
    """`start` and `width` in thousandths of the bar, `ms` in milliseconds."""

    kind: str
    name: str
    ms: int
    start: float
    width: float


def timing(run: ExecutionRecord, attempt: AttemptRecord) -> Sequence[Span]:
    """From the start of the run to the attempt's end: what came before it, until its first token, its text."""
    if attempt.started_ms is None or attempt.duration_ms is None:
        return ()
    before = max(0, attempt.started_ms - run.created_ms)
    silent = attempt.duration_ms if attempt.first_token_ms is None else min(attempt.first_token_ms, attempt.duration_ms)
    parts = (
        ("before", "before it", before),
        ("silent", "to the first token", silent),
        ("text", "text", attempt.duration_ms - silent),
    )
    whole = max(1, before + attempt.duration_ms)
    spans, at = [], 0
    for kind, name, ms in parts:
        if ms > 0:
            spans.append(Span(kind, name, ms, 1000 * at / whole, 1000 * ms / whole))
        at += ms
    return spans

"""Token counts as columns, and back."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Table

from lib.streaming.types import Usage, UsageSource

UsageRow: TypeAlias = tuple[int | None, int | None, int | None, int | None, int | None, UsageSource | None]

NAMES = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "reasoning_tokens",
    "cached_input_tokens",
    "usage_source",
)


def usage_of(table: Table) -> list[ColumnElement[Any]]:
    """The columns in the order of a `UsageRow`."""
    return [table.c[name] for name in NAMES]


def to_row(usage: Usage | None) -> UsageRow:
    if usage is None:
        return (None, None, None, None, None, None)
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.total_tokens,
        usage.reasoning_tokens,
        usage.cached_input_tokens,
        usage.source,
    )


def named(prefix: str, usage: Usage | None) -> dict[str, int | UsageSource | None]:
    """Each column's value, under its name with a prefix."""
    return {prefix + name: value for name, value in zip(NAMES, to_row(usage), strict=True)}


def from_row(row: UsageRow) -> Usage | None:
    """None where no usage was stored."""
    given, generated, total, reasoning, cached, source = row
    if given is None or generated is None or total is None or source is None:
        return None
    return Usage(given, generated, total, source, reasoning, cached)

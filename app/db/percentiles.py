"""Percentiles by nearest rank: each is a value that was really measured."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import msgspec


class Percentiles(msgspec.Struct, frozen=True):
    """Milliseconds; None where nothing was measured. `count`: of how many values."""

    p50: int | None = None
    p95: int | None = None
    count: int = 0


def percentiles(values: Iterable[int | None]) -> Percentiles:
    """Of the values that there are."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return Percentiles()
    return Percentiles(_ranked(known, 0.50), _ranked(known, 0.95), len(known))


def _ranked(ordered: list[int], share: float) -> int:
    return ordered[ceil(share * len(ordered)) - 1]

"""Sums of token counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lib.streaming.types import Usage, UsageSource


def total_usage(parts: Sequence[Usage]) -> Usage:
    """The sum; `estimated` as soon as one part is. Optional counts stay absent unless some part has them."""
    estimated = any(part.source is UsageSource.ESTIMATED for part in parts)
    return Usage(
        sum(part.input_tokens for part in parts),
        sum(part.output_tokens for part in parts),
        sum(part.total_tokens for part in parts),
        UsageSource.ESTIMATED if estimated else UsageSource.PROVIDER,
        _sum(part.reasoning_tokens for part in parts),
        _sum(part.cached_input_tokens for part in parts),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None

"""Sums of token counts, and what stands for them where nobody told any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lib.streaming.types import Usage, UsageSource

#: Rule of thumb for models whose provider reports no usage.
CHARS_PER_TOKEN = 4


def estimated_usage(asked_chars: int, answered_chars: int) -> Usage:
    """Tokens by the length of what was sent and of what came, rounded up: never zero for work that was done."""
    given, made = -(-asked_chars // CHARS_PER_TOKEN), -(-answered_chars // CHARS_PER_TOKEN)
    return Usage(given, made, given + made, UsageSource.ESTIMATED)


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

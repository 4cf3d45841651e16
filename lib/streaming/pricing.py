"""What asking a model costs, in whole nano-dollars: prices, the cost of an attempt, sums, and money as text.

No floating point anywhere: one division an attempt, rounded half up, and from then on sums of integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from lib.streaming.types import NanoDollars, Usage

NANO = 1_000_000_000
#: Prices are for so many tokens.
PRICED_TOKENS = 1_000_000
#: A million dollars for one attempt: a count of tokens that leads above it is nonsense.
MOST = 1_000_000 * NANO


class Price(msgspec.Struct, frozen=True):
    """Nano-dollars for a million tokens. `cached_input`: None where cached tokens cost what others do."""

    input: int
    output: int
    cached_input: int | None = None


FREE = Price(0, 0)


def cost_of(usage: Usage, price: Price) -> NanoDollars | None:
    """What these tokens cost; None where that cannot be. Cached ones are among the input, reasoning among the output."""
    cached = max(0, min(usage.cached_input_tokens or 0, usage.input_tokens))
    cached_price = price.input if price.cached_input is None else price.cached_input
    exact = (usage.input_tokens - cached) * price.input + cached * cached_price + usage.output_tokens * price.output
    cost = (exact + PRICED_TOKENS // 2) // PRICED_TOKENS
    return NanoDollars(cost) if cost <= MOST else None


def total_cost(parts: Iterable[NanoDollars | None]) -> NanoDollars | None:
    """The sum; unknown as soon as one part is. Of nothing: zero."""
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return NanoDollars(total)


def dollars(nano: int) -> str:
    """US dollars as decimal text, exact to nine places and without zeros at the end: `0.0042`, `12`."""
    return f"{Decimal(nano).scaleb(-9).normalize():f}"


def nano_dollars(amount: Decimal) -> int:
    """The other way. Raises `ValueError` for an amount with more than nine places."""
    scaled = amount.scaleb(9)
    if scaled != scaled.to_integral_value():
        raise ValueError(amount)
    return int(scaled)

"""Prices as JSON."""

from __future__ import annotations

import msgspec

from lib.streaming.pricing import Price, dollars


class PriceItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """US dollars for a million tokens, as decimal text. `cachedInput`: null where cached tokens cost what others do."""

    input: str
    cached_input: str | None
    output: str


def price_item(price: Price) -> PriceItem:
    cached = None if price.cached_input is None else dollars(price.cached_input)
    return PriceItem(input=dollars(price.input), cached_input=cached, output=dollars(price.output))


def money(nano: int | None) -> str | None:
    """US dollars as decimal text, exact to nine places; None where it is not known."""
    return None if nano is None else dollars(nano)

"""Prices of models, as the engine looks them up."""

from __future__ import annotations

from typing import Protocol

from lib.streaming.pricing import Price


class PriceList(Protocol):
    def price_of(self, model: str) -> Price | None:
        """The price of `<provider>/<model id>` at this moment; None where nobody knows it. Never waits."""


class NoPrices:
    """A list on which nothing stands: what anything costs is unknown."""

    def price_of(self, _model: str) -> Price | None:
        return None

"""What models cost, kept at hand: the engine asks at the end of every attempt and cannot wait for a database."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from app.db.model_prices import ModelPriceRepository, PriceRecord
from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError
from lib.streaming.pricing import FREE, Price

log = logging.getLogger(__name__)

#: How soon a price that was set on another node counts here.
REFRESH_SECONDS = 5.0


class KeptPrices:
    """Implements `PriceList`: what administrators set, else nothing to pay for models of our own machine.

    `own`: providers whose models run here, so that nobody sends a bill for them. Serve `keep_fresh` as a supervised
    task; `refresh` after a change counts it here at once.
    """

    def __init__(self, stored: ModelPriceRepository, clock: Clock, own: Collection[str]) -> None:
        self._stored = stored
        self._clock = clock
        self.own = tuple(own)
        self._set: Mapping[str, PriceRecord] = {}

    def price_of(self, model: str) -> Price | None:
        if (record := self._set.get(model)) is not None:
            return record.price
        return FREE if model.partition("/")[0] in self.own else None

    def set_for(self, model: str) -> PriceRecord | None:
        """What an administrator set for it, if anything."""
        return self._set.get(model)

    def models(self) -> list[str]:
        """Those a price was set for."""
        return list(self._set)

    def priced(self) -> list[tuple[str, Price]]:
        """Models a price was set for, with it."""
        return [(model, record.price) for model, record in self._set.items()]

    async def refresh(self) -> None:
        """Raises `StorageUnavailable`; what was known before stays known."""
        self._set = await self._stored.all()

    async def keep_fresh(self) -> None:
        while True:
            await self._clock.sleep(REFRESH_SECONDS)
            try:
                await self.refresh()
            except StreamingError as error:
                log.warning("prices could not be read and will be again: %s", error.message)

"""Prices that administrators set: a row a model. What they were when something was asked is in its cost."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import sqlalchemy
from sqlalchemy import Connection, select

from app.db.dialect import now_ms, upsert
from app.db.port import Database
from app.db.tables import model_prices
from lib.streaming.pricing import Price

_row = model_prices.c


class PriceRecord(msgspec.Struct, frozen=True):
    price: Price
    changed_ms: int


class ModelPriceRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[str, PriceRecord]:
        """By `<provider>/<model id>`."""
        return await self._database.read(_all)

    async def set(self, model: str, price: Price) -> None:
        await self._database.write(lambda connection: _set(connection, model, price))

    async def remove(self, model: str) -> bool:
        """False if none was set."""
        statement = sqlalchemy.delete(model_prices).where(_row.model == model)
        return await self._database.write(lambda connection: connection.execute(statement).rowcount == 1)


def _all(connection: Connection) -> dict[str, PriceRecord]:
    rows = connection.execute(select(model_prices).order_by(_row.model))
    return {
        row.model: PriceRecord(Price(row.input_nano, row.output_nano, row.cached_input_nano), row.changed_ms)
        for row in rows
    }


def _set(connection: Connection, model: str, price: Price) -> None:
    values = {
        "input_nano": price.input,
        "cached_input_nano": price.cached_input,
        "output_nano": price.output,
        "changed_ms": now_ms(),
    }
    statement = upsert(connection.dialect.name, model_prices).values(model=model, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[_row.model], set_=values))

"""Prices and costs as rows, and how a node keeps prices at hand, on every database."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.database import Storage
from app.db.migrate import downgrade
from app.node import Node
from app.price_list import REFRESH_SECONDS, KeptPrices
from app.settings import Settings
from lib.streaming.errors import StorageUnavailable
from lib.streaming.pricing import FREE, Price
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import NanoDollars, Usage
from tests.support.database_clock import DatabaseClock
from tests.support.fake_clock import FakeClock
from tests.support.stores import Stores
from tests.support.waiting import until

MODEL = "openai/gpt-5-mini"
PRICE = Price(250_000_000, 2_000_000_000, 25_000_000)


def kept(storage: Storage, clock: FakeClock) -> KeptPrices:
    return KeptPrices(storage.model_prices, clock, ("local", "scripted"))


async def test_a_price_is_one_row_that_changes_and_goes(storage: Storage, clock: DatabaseClock) -> None:
    await storage.model_prices.set(MODEL, PRICE)
    assert {name: record.price for name, record in (await storage.model_prices.all()).items()} == {MODEL: PRICE}
    await clock.advance(1)
    await storage.model_prices.set(MODEL, Price(0, 1))
    (record,) = (await storage.model_prices.all()).values()
    assert record.price == Price(0, 1)
    assert [await storage.model_prices.remove(MODEL) for _ in range(2)] == [True, False]
    assert await storage.model_prices.all() == {}


async def test_models_of_this_machine_cost_nothing_unless_said_so_and_others_are_unknown(
    storage: Storage, clock: DatabaseClock
) -> None:
    prices = kept(storage, clock)
    assert [prices.price_of(model) for model in ("local/x", "scripted/y", MODEL, "local")] == [FREE, FREE, None, FREE]
    await storage.model_prices.set("local/x", PRICE)
    await prices.refresh()
    assert (prices.price_of("local/x"), prices.price_of("local/other")) == (PRICE, FREE)


async def test_another_node_knows_a_price_within_seconds_and_survives_an_outage(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    time = FakeClock()
    supervisor, prices = Supervisor(time), kept(storage, time)
    supervisor.keep("prices", prices.keep_fresh)
    await time.advance(0)
    await storage.model_prices.set(MODEL, PRICE)
    assert prices.price_of(MODEL) is None
    await time.advance(REFRESH_SECONDS)
    await until(lambda: prices.price_of(MODEL) == PRICE, 5)
    await storage.close()
    with pytest.raises(StorageUnavailable):
        await prices.refresh()
    await time.advance(REFRESH_SECONDS)
    await until(lambda: "prices could not be read" in caplog.text, 5)
    assert prices.price_of(MODEL) == PRICE
    await supervisor.close()


async def test_a_node_opens_before_the_table_of_prices_is_there(url: str, tmp_path: Path) -> None:
    downgrade(url, "0008")
    node = Node(Settings.load({"AA_DATA_DIR": str(tmp_path), "AA_DATABASE_URL": url, "AA_LOCAL_MODEL": "off"}))
    await node.open()
    assert not await node.storage.at_head()
    assert node.prices.price_of(MODEL) is None
    await node.close()


async def test_what_a_run_cost_is_in_its_record_and_in_the_statistics(storage: Storage, stores: Stores) -> None:
    began = stores.clock.now_ms()
    paid, unknown = await stores.own(), await stores.own()
    for owner, cost in ((paid, NanoDollars(30)), (unknown, None)):
        await owner.begin()
        await owner.finish_prompt(usage=Usage(3, 4, 7), cost=cost)
        await owner.end(usage=Usage(3, 4, 7), cost=cost)
    records = [await storage.executions.record(owner.id) for owner in (paid, unknown)]
    assert [record and record.cost_nano for record in records] == [30, None]
    assert [record and record.prompts[0].attempts[0].cost_nano for record in records] == [30, None]
    found = await storage.statistics.between(began - 60_000, began + 60_000)
    assert [(day.cost_nano, day.unpriced) for day in found.days] == [(30, 1)]
    assert [(share.cost_nano, share.unpriced) for share in found.models] == [(30, 1)]

"""What a run costs, seen from its rows and its last event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from lib.streaming.definition import Definition
from lib.streaming.errors import UpstreamFailure
from lib.streaming.ports.models import UsageReport
from lib.streaming.pricing import FREE, Price
from lib.streaming.sse_events.vocabulary import ExecutionFinished
from lib.streaming.types import EndedBy, ExecutionId, PromptId, PromptStatus, Usage, UsageSource
from tests.support.engine import Engine, chain

RUN = ExecutionId("run-1")
#: A nano-dollar a token in, ten a token out.
PLAIN = Price(1_000_000, 10_000_000)
TOLD = Usage(10, 5, 15)


class Prices(dict[str, Price]):
    """Implements `PriceList`."""

    def price_of(self, model: str) -> Price | None:
        return self.get(model)


async def answer(engine: Engine, number: int, usage: Usage | None = TOLD) -> None:
    stream = engine.provider.streams[number]
    await stream.text("some text")
    if usage is not None:
        await stream.deltas(UsageReport(usage))
    await stream.finish()


def cost(engine: Engine) -> tuple[int | None, str | None]:
    """Of the row and of the event, which say the same."""
    ended, last = engine.row().ended, engine.events()[-1]
    assert ended is not None
    assert isinstance(last, ExecutionFinished)
    return ended.cost, last.cost


def costs(engine: Engine) -> dict[tuple[PromptId, int], int | None]:
    return {key: row.ended.cost for key, row in engine.row().attempts.items() if row.ended}


def on(model: str, definition: Definition, prompt: int) -> Definition:
    prompts = list(definition.prompts)
    prompts[prompt] = msgspec.structs.replace(prompts[prompt], model=model)
    return msgspec.structs.replace(definition, prompts=tuple(prompts))


async def test_each_attempt_costs_by_its_model_and_the_run_what_they_do_together() -> None:
    prices = Prices({"hand/model": PLAIN, "hand/dear": Price(3_000_000_000, 0)})
    async with Engine(prices=prices) as engine:
        await engine.start(on("hand/dear", chain("a", "b"), 1))
        await answer(engine, 0)
        await answer(engine, 1)
        assert costs(engine) == {("a", 1): 60, ("b", 1): 30_000}
        assert cost(engine) == (30_060, "0.00003006")


async def test_one_unknown_price_makes_the_whole_unknown_and_never_nothing() -> None:
    async with Engine(prices=Prices({"hand/model": PLAIN})) as engine:
        await engine.start(on("hand/new", chain("a", "b"), 1))
        await answer(engine, 0)
        await answer(engine, 1)
        assert costs(engine) == {("a", 1): 60, ("b", 1): None}
        assert cost(engine) == (None, None)


async def test_what_costs_nothing_is_known_to() -> None:
    async with Engine(prices=Prices({"hand/model": FREE})) as engine:
        await engine.start(chain("a"))
        await answer(engine, 0)
        assert cost(engine) == (0, "0")


async def test_the_price_that_counts_is_the_one_when_the_attempt_ends() -> None:
    prices = Prices({"hand/model": FREE})
    async with Engine(prices=prices) as engine:
        await engine.start(chain("a", "b"))
        prices["hand/model"] = PLAIN
        await answer(engine, 0)
        prices["hand/model"] = Price(0, 100_000_000)
        await answer(engine, 1)
        assert costs(engine) == {("a", 1): 60, ("b", 1): 500}


async def test_an_attempt_that_is_tried_again_cost_what_it_told() -> None:
    async with Engine(prices=Prices({"hand/model": PLAIN})) as engine:
        await engine.start(chain("a"))
        await engine.provider.streams[0].deltas(UsageReport(Usage(7, 0, 7)))
        await engine.provider.streams[0].fail(UpstreamFailure("busy", code="upstream_overloaded", retryable=True))
        await engine.clock.advance(1)
        await answer(engine, 1)
        assert costs(engine) == {("a", 1): 7, ("a", 2): 60}
        assert cost(engine) == (67, "0.000000067")


async def test_a_stopped_attempt_costs_what_came_by_estimate() -> None:
    async with Engine(prices=Prices({"hand/model": Price(0, 10_000_000)})) as engine:
        await engine.start(chain("a"))
        await engine.provider.streams[0].text("some text")
        await engine.service.cancel(RUN, EndedBy.USER)
        assert cost(engine) == (30, "0.00000003")


async def test_what_no_provider_took_costs_nothing_whatever_its_price() -> None:
    async with Engine(max_tries=1) as engine:
        engine.provider.refusals = [UpstreamFailure("no", code="upstream_unauthorized")]
        await engine.start(chain("a"))
        assert cost(engine) == (0, "0")


async def test_what_an_earlier_owner_paid_counts_and_what_was_lost_with_it_by_estimate() -> None:
    async with gone_on_after_half_of_b(Prices({"hand/model": PLAIN})) as engine:
        await answer(engine, 0)
        assert costs(engine) == {("a", 1): 60, ("b", 1): 11, ("b", 2): 60}
        assert cost(engine) == (131, "0.000000131")
        lost, ended = engine.row().attempts[PromptId("b"), 1].ended, engine.row().ended
        assert lost is not None
        assert (lost.status, lost.code, lost.output) == (PromptStatus.FAILED, "worker_lost", "half")
        assert (lost.usage, lost.duration_ms) == (Usage(1, 1, 2, UsageSource.ESTIMATED), 6_000)
        assert ended is not None
        assert ended.usage == Usage(21, 11, 32, UsageSource.ESTIMATED)


async def test_so_it_does_where_the_run_is_not_tried_again() -> None:
    async with gone_on_after_half_of_b(Prices({"hand/model": PLAIN}), max_claims=1) as engine:
        assert engine.provider.streams == []
        assert costs(engine) == {("a", 1): 60, ("b", 1): 11}
        assert cost(engine) == (71, "0.000000071")
        assert engine.problems() == []


async def test_what_was_lost_makes_the_whole_unknown_where_its_price_is() -> None:
    async with gone_on_after_half_of_b(Prices()) as engine:
        await answer(engine, 0)
        assert costs(engine) == {("a", 1): None, ("b", 1): None, ("b", 2): None}
        assert cost(engine) == (None, None)


@asynccontextmanager
async def gone_on_after_half_of_b(prices: Prices, **settings: Any) -> AsyncIterator[Engine]:
    """A second worker that has taken over a run, six seconds after the first died in the middle of `b`."""
    first = Engine(prices=prices)
    await first.service.open()
    await first.start(chain("a", "b"))
    await answer(first, 0)
    await first.provider.streams[1].text("half")
    # Nothing of the first worker runs any more, as after a kill -9: its lease runs out.
    first.service.manager.held = dict  # type: ignore[method-assign]
    async with Engine(prices=prices, store=first.store, clock=first.clock, worker="worker-2", **settings) as second:
        await second.clock.advance(9)
        yield second
    await first.service.close()

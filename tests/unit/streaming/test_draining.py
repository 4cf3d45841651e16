"""A node that is to stop ends what it has begun, begins nothing, and hands on the rest."""

from __future__ import annotations

import asyncio

from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus
from tests.support.engine import Engine, chain
from tests.support.fake_clock import FakeClock, settle
from tests.support.slow_store import SlowStore

RUN = ExecutionId("run-1")


async def test_a_drain_hands_over_at_the_prompt_boundary_and_the_next_node_goes_on() -> None:
    first = Engine()
    async with first:
        await first.start(chain("a", "b"))
        await first.provider.streams[0].text("A")
        draining = asyncio.ensure_future(first.service.drain(30))
        await settle()
        await first.provider.streams[0].finish()
        await draining
        assert len(first.provider.streams) == 1
        assert first.row().claims == 0
    async with Engine(store=first.store, clock=first.clock, worker="worker-2") as second:
        await second.clock.advance(1)
        assert second.provider.streams[0].prompt == "do b"
        await second.provider.streams[0].text("B")
        await second.provider.streams[0].finish()
        assert second.row().status is ExecutionStatus.COMPLETED
        assert second.problems() == []


async def test_a_drain_hands_over_what_went_past_the_queue_too() -> None:
    async with Engine() as engine:
        engine.queue.paused = True
        await engine.start(chain("a", "b"))
        draining = asyncio.ensure_future(engine.service.drain(10))
        await engine.clock.advance(1)
        await engine.provider.streams[0].text("A")
        await engine.provider.streams[0].finish()
        await draining
        assert engine.row().lease_until == 0.0
        assert len(engine.provider.streams) == 1


async def test_a_claim_that_is_answered_while_draining_begins_no_prompt_and_is_handed_on() -> None:
    clock = FakeClock()
    store = SlowStore(clock)
    async with Engine(store=store, clock=clock, claim_at_start=False) as engine:
        await engine.start(chain("a"))
        store.answers.clear()
        await engine.start(chain("b"), id="run-2")
        draining = asyncio.ensure_future(engine.service.drain(30))
        await settle()
        store.answers.set()
        await settle()
        assert [stream.prompt for stream in engine.provider.streams] == ["do a"]
        assert (engine.row("run-2").claims, engine.row("run-2").lease_until) == (0, 0.0)
        assert not draining.done()
        await engine.provider.streams[0].text("A")
        await engine.provider.streams[0].finish()
        await draining
        assert engine.row().status is ExecutionStatus.COMPLETED


async def test_but_what_is_to_end_then_ends() -> None:
    clock = FakeClock()
    store = SlowStore(clock)
    async with Engine(store=store, clock=clock, claim_at_start=False) as engine:
        engine.queue.paused = True
        await engine.start(chain("a"))
        await store.request_cancel(RUN, EndedBy.USER)
        store.answers.clear()
        engine.queue.paused = False
        await clock.advance(4)
        draining = asyncio.ensure_future(engine.service.drain(30))
        store.answers.set()
        await draining
        await settle()
        assert engine.row().status is ExecutionStatus.CANCELLED
        assert engine.problems() == []

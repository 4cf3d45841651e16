"""What every provider promises, run on the one over HTTP and on the scripted one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lib.streaming.clock import SystemClock
from lib.streaming.ports.models import Provider
from lib.streaming.providers.openai import OpenAIProvider
from lib.streaming.providers.scripted import ScriptedProvider
from tests.support.fake_clock import settle
from tests.support.fault_upstream import FaultUpstream
from tests.support.upstream_faults import FAULTS, HANGS, Heard, good, listen, request


@pytest.fixture(params=["scripted", "openai"])
async def provider(request: Any) -> AsyncIterator[Provider]:
    if request.param == "scripted":
        yield ScriptedProvider(SystemClock())
        return
    async with FaultUpstream() as upstream:
        provider = OpenAIProvider(clock=SystemClock(), api_key="sk-test", base_url=upstream.base_url)
        try:
            yield provider
        finally:
            await provider.close()
            await upstream.closed()


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "unreachable"])
async def test_each_fault_has_its_outcome(provider: Provider, name: str) -> None:
    heard = await listen(provider, request(f"fault-{name}"))
    assert heard.outcome() == FAULTS[name]


@pytest.mark.parametrize("name", HANGS)
async def test_leaving_a_hanging_answer_takes_no_time(provider: Provider, name: str) -> None:
    heard = Heard()
    task = asyncio.create_task(listen(provider, request(f"fault-{name}"), heard))
    await heard.until(HANGS[name])
    await settle()
    assert not task.done()
    task.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_an_answer_can_be_left_in_the_middle(provider: Provider) -> None:
    async with provider.open(request("fault-silence-after-tokens")) as deltas:
        await anext(deltas)
    assert (await listen(provider, request("fault-no-done"))).outcome() == good()


async def test_an_error_of_the_reader_passes_through(provider: Provider) -> None:
    async def read_and_fail() -> None:
        async with provider.open(request("fault-silence-after-tokens")) as deltas:
            await anext(deltas)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read_and_fail()


async def test_many_answers_at_once_do_not_mix(provider: Provider) -> None:
    async with asyncio.timeout(20):
        heard = await asyncio.gather(*(listen(provider, request("fault-no-done")) for _ in range(50)))
    assert [one.outcome() for one in heard] == [good()] * 50


async def test_an_ended_answer_stays_ended(provider: Provider) -> None:
    async with provider.open(request("fault-no-done")) as deltas:
        async for _ in deltas:
            pass
        with pytest.raises(StopAsyncIteration):
            await anext(deltas)

"""The measuring harness measures: a small load through the real upstream, byte pump and client, in one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path

import pytest

from bench import upstream
from bench.client import play
from bench.load import Load
from bench.metrics.ending import leaving
from bench.peers import a_byte_pump
from bench.rig import Rig
from bench.sample import Metric
from bench.script import Script
from bench.server_process import free_port
from bench.target import Peer, Place


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    port = free_port()
    serving = await _served(upstream.serve(port), port)
    yield Rig(Place(None, port, tmp_path), None)
    await _ended(serving)


@pytest.fixture
async def pump(rig: Rig) -> AsyncIterator[Peer]:
    port = free_port()
    serving = await _served(a_byte_pump.serve(port, rig.place.upstream_port), port)
    yield Peer("A", port, "/v1/chat/completions", chat=True)
    await _ended(serving)


async def _served(server: Coroutine[None, None, None], port: int) -> asyncio.Task[None]:
    serving = asyncio.get_running_loop().create_task(server)
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0)
                continue
            writer.close()
            return serving


async def _ended(serving: asyncio.Task[None]) -> None:
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def test_two_paced_streams_come_complete_with_a_latency_for_each_token(pump: Peer) -> None:
    load = Load(port=pump.port, requests=[pump.request(Script(5, rate=200))], streams=2, tokens=5, deadline=10)

    result = await play(load)

    assert (result.complete, result.incomplete, result.tokens) == (2, 0, 10)
    assert result.first_p50 is not None
    assert result.latency_p50 is not None
    assert 0 < result.latency_p50 < 5000


async def test_a_burst_comes_complete(pump: Peer) -> None:
    load = Load(port=pump.port, requests=[pump.request(Script(300))], streams=2, tokens=300, deadline=10)

    result = await play(load)

    assert (result.complete, result.tokens) == (2, 600)


async def test_streams_that_end_too_soon_or_are_refused_are_counted_as_incomplete(pump: Peer) -> None:
    short = Load(port=pump.port, requests=[pump.request(Script(3))], streams=2, tokens=4, deadline=10)
    refused = Load(port=free_port(), requests=[""], streams=1, tokens=1, deadline=10)

    assert (await play(short)).incomplete == 2
    result = await play(refused)
    assert result.incomplete == 1
    assert result.refusal


async def test_the_upstream_tells_when_its_caller_left(rig: Rig, pump: Peer) -> None:
    samples = await leaving(rig, pump, tries=1)

    assert [sample.metric for sample in samples] == [Metric.LEAVE_STREAMING, Metric.LEAVE_SILENT]
    assert all(not sample.note for sample in samples)
    assert (await rig.stats()).open == 0

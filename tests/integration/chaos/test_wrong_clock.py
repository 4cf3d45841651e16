"""A worker whose clock is five minutes ahead keeps its leases, takes nobody's, and measures no time with it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.chaos import chain, crowd
from tests.support.cluster import WORKER, running_cluster
from tests.support.stream_client import StreamClient
from tests.support.waiting import until

WORDS = " ".join(f"word{number}" for number in range(120))
#: By this event, two seconds after the first, everybody has looked for what nobody holds.
SWEPT_AFTER = 14
AHEAD_SECONDS = 300


@pytest.mark.timeout(90)
async def test_a_worker_with_a_fast_clock_ends_no_execution_too_early(tmp_path: Path, postgres_url: str) -> None:
    limits = {"AA_QUEUE_TIMEOUT": "60", "AA_EXECUTION_TIMEOUT": "60"}
    async with running_cluster(postgres_url, tmp_path, **limits) as cluster, crowd() as session:
        await cluster.start(right=WORKER)
        await cluster.start_ahead("ahead", WORKER, AHEAD_SECONDS)
        web = await cluster.start_here("web", works=False)
        ada = await web.person()
        client = StreamClient(session, str(web.client.base_url), ada.key)
        assistant = await client.create_assistant(chain(1, WORDS, 200))
        # Held back, so that the other one takes it.
        cluster.nodes["ahead"].pause()
        run = await client.start(assistant, {})
        following = asyncio.ensure_future(client.follow(run))
        await until(lambda: "prompt.delta" in run.types, 10)
        await cluster.nodes["ahead"].go_on()
        await until(lambda: run.last > SWEPT_AFTER, 20)
        assert await cluster.owner_of(run.execution_id) == "right", "its lease is not over by anybody's clock"
        cluster.nodes["right"].kill()
        # What waited, and what was interrupted, is the other one's now.
        second = await client.start(assistant, {})
        await asyncio.gather(following, client.follow(second))
        for one in (run, second):
            record = await client.record(one.execution_id)
            assert (record["status"], one.problems()) == ("completed", [])
            assert one.events[-1]["durationMs"] < 60_000
        assert run.types.count("prompt.retrying") == 1

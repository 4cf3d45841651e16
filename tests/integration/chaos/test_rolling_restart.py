"""Every node is restarted in turn under many streams: no character is lost and no run fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.server import STOP_SECONDS
from tests.support.chaos import RoamingClient, chain, crowd, dice, sized
from tests.support.cluster import WEB, WORKER, running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.keys import TEST_API_KEY

WORDS = " ".join(f"word{number}" for number in range(15))
STREAMS = sized(12, 200)
STEPS = sized(6, 20)
DRAIN_SECONDS = 20


@pytest.mark.timeout(sized(120, 600))
async def test_streams_live_through_a_restart_of_every_node(tmp_path: Path, postgres_url: str) -> None:
    rng = dice()
    settings = {"AA_DRAIN_SECONDS": str(DRAIN_SECONDS), "AA_MAX_TAKEOVERS": "2"}
    async with running_cluster(postgres_url, tmp_path, **settings) as cluster, crowd() as session:
        await cluster.start(**{"web-one": WEB, "web-two": WEB, "worker-one": WORKER, "worker-two": WORKER})
        urls = [cluster.nodes[name].base_url for name in ("web-one", "web-two")]
        client = RoamingClient(session, urls, TEST_API_KEY, rng)
        assistant = await client.create_assistant(chain(STEPS, WORDS, 150))
        runs = [await client.start(assistant, {}) for _ in range(STREAMS)]
        following = [asyncio.ensure_future(client.follow(run)) for run in runs]
        loop = asyncio.get_running_loop()
        for node in cluster.nodes.values():
            began = loop.time()
            assert await node.stop() == 0, node.log()
            assert loop.time() - began < DRAIN_SECONDS + STOP_SECONDS
            await node.start()
        await asyncio.gather(*following)
        for run in runs:
            assert run.events[-1]["status"] == "completed", run.events[-1]
            assert run.problems() == []
            assert [run.text(f"p{number}") for number in range(STEPS)] == [WORDS] * STEPS
            assert "prompt.retrying" not in run.types, "work is handed over between two prompts"
        assert await broken_invariants(postgres_url) == []

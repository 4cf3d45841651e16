"""Workers are killed, ended and stopped for a while at random: every execution ends, and nobody misses an event."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.chaos import RoamingClient, WorkerFaults, chain, crowd, dice, say, sized
from tests.support.cluster import WORKER, Cluster, running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.stream_client import Received, StreamClient

WORDS = " ".join(f"word{number}" for number in range(12))
LEASE_SECONDS = 2.0
#: After the last fault nobody's row is left for longer.
TAKEOVER_SECONDS = 15.0


class Size(NamedTuple):
    executions: int
    prompts: int
    faults: int
    pause_ms: int = 80


SIZES = sized([Size(8, 4, 5)], [Size(40, 10, 40), Size(1000, 10, 120)])


@pytest.mark.timeout(sized(120, 900))
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size.executions}x{size.prompts}")
async def test_every_execution_ends_and_no_client_misses_or_repeats_an_event(
    size: Size, tmp_path: Path, postgres_url: str
) -> None:
    rng = dice()
    patient = {"AA_MAX_TAKEOVERS": "1000", "AA_MAX_CONCURRENT_EXECUTIONS": "100000"}
    async with running_cluster(postgres_url, tmp_path, **patient) as cluster, crowd() as session:
        await cluster.start(one=WORKER, two=WORKER, three=WORKER)
        webs = [
            await cluster.start_here(name, works=False, lease_seconds=f"{LEASE_SECONDS:g}", **_in_lower_case(patient))
            for name in ("web-one", "web-two")
        ]
        ada = await webs[0].person()
        client = RoamingClient(session, [str(web.client.base_url) for web in webs], ada.key, rng)
        assistant = await client.create_assistant(chain(size.prompts, WORDS, size.pause_ms))
        runs = [await client.start(assistant, {}) for _ in range(size.executions)]
        following = [asyncio.ensure_future(client.follow(run)) for run in runs]
        faults = WorkerFaults(rng, size.faults, longest_pause=3 * LEASE_SECONDS)
        await faults.upon(list(cluster.nodes.values()))
        say(f"faults: {faults.done}")
        await _nothing_is_left_behind(cluster)
        await asyncio.gather(*following)
        await _check(runs, size, [StreamClient(session, str(web.client.base_url), ada.key) for web in webs])
        assert await broken_invariants(postgres_url) == []


def _in_lower_case(environment: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix("AA_").lower(): value for name, value in environment.items()}


async def _nothing_is_left_behind(cluster: Cluster) -> None:
    """Whatever ran on a worker that is no more runs on, or has ended."""
    connection = await cluster.connect()
    try:
        async with asyncio.timeout(TAKEOVER_SECONDS):
            owners = [cluster.opened_as(name) for name in cluster.nodes]
            query = "SELECT count(*) FROM executions WHERE status = 'running' AND owner <> ALL($1)"
            while await connection.fetchval(query, owners):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def _check(runs: Sequence[Received], size: Size, clients: Sequence[StreamClient]) -> None:
    # Most often those of a run that lives; who comes late gets its texts in few events.
    assert sum(run.connects for run in runs) > len(runs), "clients left and came back"
    for number, run in enumerate(runs):
        assert run.events[-1]["status"] == "completed", run.events[-1]
        assert [event["seq"] for event in run.events] == list(range(1, len(run.events) + 1))
        assert run.problems() == []
        client = clients[number % len(clients)]
        stored = await client.follow(Received(run.execution_id))
        assert stored.events == run.events, "what was seen is what is stored"
        record = await client.record(run.execution_id)
        for prompt in record["prompts"]:
            assert run.text(prompt["promptId"]) == WORDS
            ends = [attempt["status"] for attempt in prompt["attempts"]]
            assert (ends.count("completed"), ends[-1]) == (1, "completed")
        assert len(record["prompts"]) == size.prompts

"""Workers as processes of their own: killed, stopped for a while, and asked to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from app.examples import load_examples
from tests.support.cluster import BOTH, WEB, WORKER, Cluster, running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.postgres import PostgresDatabases
from tests.support.service import Service
from tests.support.stream_client import Received, StreamClient
from tests.support.waiting import until

WORDS = " ".join(f"word{number}" for number in range(30))
LEASE_SECONDS = 2.0
#: The lease, a look for what nobody holds, and time for a busy machine.
TAKEOVER_SECONDS = LEASE_SECONDS + 1 + 2

pytestmark = pytest.mark.timeout(90)


def chain(*steps: str, pause_ms: int = 100) -> dict[str, object]:
    prompts = [
        {"id": step, "name": step, "model": f"scripted/slow-{pause_ms}", "position": position, "content": WORDS}
        for position, step in enumerate(steps)
    ]
    return {"name": "Chain", "prompts": prompts, "onDisconnect": "continue"}


class Rig(NamedTuple):
    """Two workers as processes, and a node in this one that only serves."""

    cluster: Cluster
    web: Service
    client: StreamClient
    url: str

    async def start(self, *steps: str) -> tuple[Received, asyncio.Task[Received], str]:
        """A run that somebody watches, the watching, and the name of the worker that owns it."""
        run = await self.client.start(await self.client.create_assistant(chain(*steps)), {})
        following = asyncio.ensure_future(self.client.follow(run))
        owner = await self.cluster.owner_of(run.execution_id)
        return run, following, owner

    async def clean(self) -> None:
        assert await broken_invariants(self.url) == []


@pytest.fixture
async def rig(tmp_path: Path, postgres_url: str) -> AsyncIterator[Rig]:
    async with (
        running_cluster(postgres_url, tmp_path, AA_LEASE_SECONDS=f"{LEASE_SECONDS:g}") as cluster,
        aiohttp.ClientSession() as session,
    ):
        await cluster.start(one=WORKER, other=WORKER)
        web = await cluster.start_here("web", works=False, lease_seconds=f"{LEASE_SECONDS:g}")
        ada = await web.person()
        yield Rig(cluster, web, StreamClient(session, str(web.client.base_url), ada.key), postgres_url)


async def test_after_kill_nine_another_worker_goes_on(rig: Rig) -> None:
    run, following, owner = await rig.start("draft", "final")
    await until(lambda: "final" in [event.get("promptId") for event in run.events], 20)
    loop = asyncio.get_running_loop()
    rig.cluster.nodes[owner].kill()
    killed = loop.time()
    await until(lambda: "prompt.retrying" in run.types, TAKEOVER_SECONDS)
    assert loop.time() - killed < TAKEOVER_SECONDS
    await following
    assert run.events[-1]["status"] == "completed"
    assert run.problems() == []
    assert run.types.count("prompt.retrying") == 1
    assert (run.text("draft"), run.text("final")) == (WORDS, WORDS)
    await rig.clean()


async def test_after_kill_nine_another_worker_goes_on_with_a_rerun_and_what_it_kept(rig: Rig) -> None:
    old, following, _ = await rig.start("draft", "final")
    await following
    run = await rig.client.rerun(old.execution_id, fromPrompt="final")
    following = asyncio.ensure_future(rig.client.follow(run))
    owner = await rig.cluster.owner_of(run.execution_id)
    await until(lambda: any(event.get("promptId") == "final" for event in run.events), 20)
    rig.cluster.nodes[owner].kill()
    await following
    assert run.events[-1]["status"] == "completed"
    assert run.problems() == []
    assert (run.text("draft"), run.text("final")) == (WORDS, WORDS)
    assert [event["promptId"] for event in run.events if event["type"] == "prompt.retrying"] == ["final"]
    assert [event["promptId"] for event in run.events if event.get("kept")] == ["draft"]
    await rig.clean()


async def test_a_worker_that_was_stopped_past_its_lease_writes_nothing_when_it_wakes(rig: Rig) -> None:
    run, following, owner = await rig.start("draft")
    await until(lambda: "prompt.delta" in run.types, 10)
    stopped = rig.cluster.nodes[owner]
    stopped.pause()
    # Longer than the time after which a transaction left open is undone.
    await until(lambda: "prompt.retrying" in run.types, 5 + TAKEOVER_SECONDS)
    await stopped.go_on()
    await following
    assert run.problems() == []
    assert run.text("draft") == WORDS
    attempts = (await rig.client.record(run.execution_id))["prompts"][0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == ["failed", "completed"]
    # It works on, so it has had every occasion to write.
    rig.cluster.nodes["other" if owner == "one" else "one"].kill()
    another, following, next_owner = await rig.start("draft")
    await following
    assert (another.events[-1]["status"], next_owner) == ("completed", owner)
    again = await rig.client.follow(Received(run.execution_id))
    assert again.events == run.events
    await rig.clean()


async def test_a_worker_that_is_asked_to_end_hands_over_between_two_prompts_and_exits_with_0(rig: Rig) -> None:
    run, following, owner = await rig.start("draft", "final")
    await until(lambda: "prompt.delta" in run.types, 10)
    assert await rig.cluster.nodes[owner].stop() == 0, rig.cluster.nodes[owner].log()
    await following
    assert run.events[-1]["status"] == "completed"
    assert await rig.cluster.owner_of(run.execution_id) != owner
    assert "prompt.retrying" not in run.types
    assert run.problems() == []
    await rig.clean()


async def test_nodes_of_all_roles_start_at_once_on_an_empty_database_and_share_its_contents(
    tmp_path: Path, postgres: PostgresDatabases
) -> None:
    with postgres.empty() as url:
        async with running_cluster(url, tmp_path) as cluster:
            await cluster.start(web=WEB, both=BOTH, worker=WORKER)
            async with aiohttp.ClientSession() as session:
                client = cluster.client(session, "web")
                async with session.get(f"{client.base_url}/api/assistants", headers=client.headers) as answer:
                    names = [item["name"] for item in (await answer.json())["items"]]
                    assert len(set(names) - {"Control"}) == len(load_examples())
                run = await client.start("explain-simply", {"topic": "x"})
                await cluster.client(session, "both").follow(run)
                assert run.events[-1]["status"] == "completed"
                worker = cluster.nodes["worker"].base_url
                paths = ("/livez", "/readyz", "/", "/api/executions", "/openapi.json")
                assert [await status_of(session, worker + path) for path in paths] == [200, 200, 404, 404, 404]
            assert [await node.stop() for node in cluster.nodes.values()] == [0, 0, 0]


async def status_of(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as answer:
        return answer.status

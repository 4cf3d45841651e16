"""The same service on several nodes over one PostgreSQL: started here, run there, watched and stopped anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from app.db.records import AssistantRecord
from tests.support.cluster import Cluster, running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.service import Person, Service, echo
from tests.support.stream_client import Received, StreamClient
from tests.support.waiting import until

WORDS = " ".join(f"word{number}" for number in range(30))
LIMIT = 3
LIVE = ("pending", "running")
#: Seconds that a busy machine may take besides.
SLACK = 2.0

pytestmark = pytest.mark.timeout(60)


class Nodes(NamedTuple):
    """Two that serve and two that work; `ada` is known to all of them."""

    web_one: Service
    web_two: Service
    workers: Sequence[Service]
    ada: Person
    session: aiohttp.ClientSession
    cluster: Cluster

    def client(self, service: Service) -> StreamClient:
        return StreamClient(self.session, str(service.client.base_url), self.ada.key)

    async def assistant(self, *, pause_ms: int = 20, content: str = WORDS, **more: Any) -> AssistantRecord:
        model = f"scripted/slow-{pause_ms}"
        return await self.web_one.assistant(self.ada, echo(content=content, model=model, **more))

    async def start(self, service: Service, assistant: AssistantRecord, **body: object) -> Received:
        return await self.client(service).start(assistant.id, {"topic": "x"}, **body)

    async def stop(self, service: Service, run: Received) -> dict[str, Any]:
        url = f"/api/executions/{run.execution_id}/cancel"
        answer = await service.client.post(url, headers=self.ada.headers)
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def ended(self, run: Received) -> dict[str, Any]:
        """The record once it is terminal; nobody watches meanwhile."""
        client = self.client(self.web_one)
        async with asyncio.timeout(20):
            # Watching would bring a viewer.
            while (record := await client.record(run.execution_id))["status"] in LIVE:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return record


@pytest.fixture
async def nodes(tmp_path: Path, postgres_url: str) -> AsyncIterator[Nodes]:
    settings = {"lease_seconds": "2", "max_running_executions": str(LIMIT)}
    async with running_cluster(postgres_url, tmp_path) as cluster, aiohttp.ClientSession() as session:
        services = [
            await cluster.start_here(name, works=works, **settings)
            for name, works in (("web-one", False), ("web-two", False), ("worker-one", True), ("worker-two", True))
        ]
        yield Nodes(services[0], services[1], services[2:], await services[0].person(), session, cluster)


async def test_a_run_started_on_one_node_is_seen_whole_and_once_on_another(nodes: Nodes) -> None:
    run = await nodes.start(nodes.web_one, await nodes.assistant())
    elsewhere = Received(run.execution_id)
    await asyncio.gather(nodes.client(nodes.web_one).follow(run), nodes.client(nodes.web_two).follow(elsewhere))
    assert run.problems() == elsewhere.problems() == []
    assert run.events == elsewhere.events
    assert run.text("answer") == WORDS
    assert not any(service.node.service.manager.held() for service in (nodes.web_one, nodes.web_two))


async def test_a_client_that_changes_nodes_in_mid_run_misses_and_repeats_nothing(nodes: Nodes) -> None:
    run = await nodes.start(nodes.web_one, await nodes.assistant())
    for service in (nodes.web_one, nodes.web_two, nodes.workers[0], nodes.web_two):
        await nodes.client(service).follow(run, until=run.last + 4)
    await nodes.client(nodes.web_one).follow(run)
    assert run.problems() == []
    assert run.text("answer") == WORDS


@pytest.mark.parametrize("where", ["web_one", "web_two"])
async def test_a_stop_asked_on_any_node_is_answered_with_what_it_did(where: str, nodes: Nodes) -> None:
    # So slow that it cannot end by itself before the stop is there.
    run = await nodes.start(nodes.web_one, await nodes.assistant(pause_ms=1000))
    await nodes.client(nodes.web_two).follow(run, until=4)
    service: Service = getattr(nodes, where)
    receipt = await nodes.stop(service, run)
    assert (receipt["outcome"], receipt["status"], receipt["upstreamClosed"]) == ("stopped", "cancelled", True)
    assert receipt["latencyMs"] < 5000
    await nodes.client(nodes.web_two).follow(run)
    assert run.events[-1]["endedBy"] == "user"
    assert receipt["keptChars"] == len(run.text("answer")) > 0
    assert (await nodes.stop(service, run))["outcome"] == "already_finished"


async def test_a_stop_before_the_start_needs_no_worker(nodes: Nodes) -> None:
    for service in nodes.workers:
        await service.node.service.drain(0)
    run = await nodes.start(nodes.web_one, await nodes.assistant())
    receipt = await nodes.stop(nodes.web_two, run)
    assert (receipt["outcome"], receipt["status"]) == ("stopped_before_start", "cancelled")


async def test_the_last_viewer_is_the_last_on_all_nodes(nodes: Nodes) -> None:
    # Longer than anybody looks on.
    assistant = await nodes.assistant(pause_ms=100, content=20 * WORDS)
    run = await nodes.start(nodes.web_one, assistant, onDisconnect="cancel")
    here, there = Received(run.execution_id), Received(run.execution_id)
    staying = asyncio.ensure_future(nodes.client(nodes.web_two).follow(there))
    await nodes.client(nodes.web_one).follow(here, until=4)
    seen = there.last
    await nodes.client(nodes.workers[0]).follow(Received(run.execution_id), until=seen + 3)
    assert (await nodes.client(nodes.web_one).record(run.execution_id))["status"] == "running"
    staying.cancel()
    record = await nodes.ended(run)
    assert (record["status"], record["code"]) == ("cancelled", "client_disconnected")


async def test_the_limit_holds_over_all_workers(nodes: Nodes, postgres_url: str) -> None:
    assistant = await nodes.assistant(pause_ms=80)
    webs = (nodes.web_one, nodes.web_two)
    runs = await asyncio.gather(*(nodes.start(webs[number % 2], assistant) for number in range(9)))
    await asyncio.gather(*(nodes.client(webs[number % 2]).follow(run) for number, run in enumerate(runs)))
    records = [await nodes.client(nodes.web_one).record(run.execution_id) for run in runs]
    assert {record["status"] for record in records} == {"completed"}
    starts = [(record["startedAt"], 1) for record in records]
    ends = [(record["finishedAt"], -1) for record in records]
    running = most = 0
    for _, step in sorted(starts + ends):
        running += step
        most = max(most, running)
    assert most == LIMIT
    assert await broken_invariants(postgres_url) == []


async def test_a_principal_s_limit_counts_starts_on_all_nodes(tmp_path: Path, postgres_url: str) -> None:
    async with running_cluster(postgres_url, tmp_path) as cluster, aiohttp.ClientSession() as session:
        webs = [await cluster.start_here(name, works=False, max_concurrent_executions="3") for name in ("one", "two")]
        ada = await webs[0].person()
        assistant = await webs[0].assistant(ada)
        body = {"assistantId": assistant.id, "inputs": {"topic": "x"}}
        answers = await asyncio.gather(
            *(webs[number % 2].client.post("/api/executions", json=body, headers=ada.headers) for number in range(10))
        )
        assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 7
        await cluster.start_here("worker", works=True)
        client = StreamClient(session, str(webs[0].client.base_url), ada.key)
        runs = [Received(answer.json()["id"]) for answer in answers if answer.status_code == 202]
        await asyncio.gather(*(client.follow(run) for run in runs))
        assert [run.events[-1]["status"] for run in runs] == ["completed"] * 3


async def test_a_node_that_stops_sends_its_viewers_to_another_and_no_policy_acts(nodes: Nodes) -> None:
    run = await nodes.start(nodes.web_one, await nodes.assistant(pause_ms=100), onDisconnect="cancel")
    client = nodes.client(nodes.web_two)
    following = asyncio.ensure_future(client.follow(run))
    await until(lambda: run.last >= 4, 10)
    client.base_url = str(nodes.web_one.client.base_url)
    await nodes.web_two.server.stop()
    await following
    assert run.events[-1]["status"] == "completed"
    assert run.problems() == []


async def test_a_node_that_starts_takes_nothing_from_those_that_run(nodes: Nodes) -> None:
    run = await nodes.start(nodes.web_one, await nodes.assistant(pause_ms=100))
    following = asyncio.ensure_future(nodes.client(nodes.web_one).follow(run))
    await until(lambda: "prompt.delta" in run.types, 10)
    await nodes.cluster.start_here("late", works=True)
    await following
    assert (run.events[-1]["status"], "prompt.retrying" in run.types) == ("completed", False)


async def test_without_any_notification_everything_is_found_within_a_second_or_so(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What they are sent on was read when the statements were made; what is heard is decided here.
    for service in (nodes.web_one, nodes.web_two, *nodes.workers):
        neighbours = service.node.service._neighbours
        assert neighbours is not None
        for word in ("moved", "stop_asked", "audience_changed"):
            monkeypatch.setattr(neighbours, word, lambda _: None)
    run = await nodes.start(nodes.web_one, await nodes.assistant())
    following = asyncio.ensure_future(nodes.client(nodes.web_two).follow(run))
    assert (await nodes.ended(run))["status"] == "completed"
    await asyncio.wait_for(following, 1 + SLACK)
    assert run.problems() == []
    assistant = await nodes.assistant(pause_ms=1000)
    stopped = await nodes.start(nodes.web_one, assistant)
    await nodes.client(nodes.web_two).follow(stopped, until=3)
    receipt = await nodes.stop(nodes.web_two, stopped)
    assert (receipt["outcome"], receipt["latencyMs"] < 1000 * (1 + SLACK)) == ("stopped", True)
    left = await nodes.start(nodes.web_one, assistant, onDisconnect="cancel")
    await nodes.client(nodes.web_two).follow(left, until=3)
    async with asyncio.timeout(1 + SLACK):
        assert (await nodes.ended(left))["code"] == "client_disconnected"

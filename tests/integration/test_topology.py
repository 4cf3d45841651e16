"""The whole deployment as plain processes: nginx before two nodes that serve, two that work, PostgreSQL, Valkey."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import pytest_asyncio

from tests.support.cluster import WEB, WORKER, Cluster, running_cluster
from tests.support.fault_upstream import Answer, FaultUpstream
from tests.support.forked_process import ROOT
from tests.support.keys import TEST_API_KEY
from tests.support.nginx import find_nginx, running_nginx
from tests.support.node_bench import chain, step
from tests.support.postgres import PostgresDatabases
from tests.support.stream_client import Received, StreamClient
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

HEARTBEAT = 0.5
TOKENS = 12
PAUSE = 0.1


class Deployment(NamedTuple):
    """`client` talks to nginx, as everybody outside does."""

    cluster: Cluster
    upstream: FaultUpstream
    client: StreamClient
    url: str

    async def start(self, model: str, **body: object) -> Received:
        assistant = await self.client.create_assistant(chain([step("only", model)]))
        return await self.client.start(assistant, {}, **body)

    async def nodes(self) -> set[str]:
        """Who answers on eight new connections."""
        found = set()
        for _ in range(8):
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.url}/api/diagnostics", headers=self.client.headers) as answer,
            ):
                found.add((await answer.json())["node"])
        return found

    async def post(self, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.session.post(f"{self.url}{path}", json=body, headers=given) as answer:
            return answer.status, await answer.json(content_type=None)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployment(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresDatabases, valkey_port: int
) -> AsyncIterator[Deployment]:
    find_nginx()
    directory = tmp_path_factory.mktemp("topology")
    with postgres.migrated() as database:
        async with FaultUpstream() as upstream, aiohttp.ClientSession() as session:
            upstream.script("slow", Answer(texts=tuple(f"word{index} " for index in range(TOKENS)), delay=PAUSE))
            upstream.script("silent", Answer(texts=("some ", "words ", "never"), delay=60, first_delay=0))
            environment = {
                "AA_LIMITS_URL": f"valkey://127.0.0.1:{valkey_port}/2",
                "AA_RATE_LIMIT_SIGN_IN": "5/minute",
                "AA_TRUSTED_PROXIES": "127.0.0.1",
                "AA_HEARTBEAT_SECONDS": str(HEARTBEAT),
                "AA_METRICS_TOKEN": "a token of the test",
                "AA_DRAIN_SECONDS": "5",
                "OPENAI_API_KEY": "sk-topology",
                "OPENAI_BASE_URL": upstream.base_url,
            }
            async with running_cluster(database, directory, **environment) as cluster:
                await cluster.start(**{"web-1": WEB, "worker-1": WORKER})
                await cluster.start(**{"web-2": WEB, "worker-2": WORKER})
                ports = [cluster.nodes[name].port for name in ("web-1", "web-2")]
                (directory / "nginx").mkdir()
                async with running_nginx(directory / "nginx", ports) as url:
                    yield Deployment(cluster, upstream, StreamClient(session, url, TEST_API_KEY), url)


async def test_events_pass_as_they_are_made_and_whole(deployment: Deployment) -> None:
    run = await deployment.start("slow")
    began, arrived = time.monotonic(), []
    url = f"{deployment.url}/api/executions/{run.execution_id}/events"
    async with deployment.client.session.get(url, headers=deployment.client.headers) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert "content-encoding" not in answer.headers
        held = b""
        async for chunk in answer.content.iter_any():
            *blocks, held = (held + chunk).split(b"\n\n")
            for block in blocks:
                run.take(block)
                if b"event: prompt.delta" in block:
                    arrived.append(time.monotonic() - began)
    assert run.ended
    assert run.problems() == []
    # Held back, they would have come together.
    assert arrived[-1] - arrived[0] > 0.5 * (len(arrived) - 1) * PAUSE
    assert len(arrived) > TOKENS / 2


async def test_heartbeats_pass_while_nothing_is_said(deployment: Deployment) -> None:
    run = await deployment.start("silent")
    url = f"{deployment.url}/api/executions/{run.execution_id}/events"
    async with deployment.client.session.get(url, headers=deployment.client.headers) as answer:
        heard = b""
        async with asyncio.timeout(20 * HEARTBEAT):
            while heard.count(b": hb") < 3:
                heard += await answer.content.readany()
    await deployment.post(f"/api/executions/{run.execution_id}/cancel", **deployment.client.headers)


async def test_who_comes_back_may_reach_another_node_and_misses_nothing(deployment: Deployment) -> None:
    run = await deployment.start("slow")
    while not run.ended:
        await deployment.client.follow(run, until=run.last + 3)
    assert run.connects >= 4
    assert run.problems() == []


async def test_both_nodes_get_their_share(deployment: Deployment) -> None:
    assert len(await deployment.nodes()) == 2


async def test_a_stop_through_the_proxy_closes_the_upstream_wherever_it_runs(deployment: Deployment) -> None:
    run = await deployment.start("silent")
    await deployment.client.follow(run, until=3)
    status, receipt = await deployment.post(f"/api/executions/{run.execution_id}/cancel", **deployment.client.headers)
    assert (status, receipt["outcome"], receipt["upstreamClosed"]) == (200, "stopped", True)
    await deployment.upstream.closed(within=2)


async def test_a_viewer_that_leaves_is_noticed_through_the_proxy(deployment: Deployment) -> None:
    run = await deployment.start("silent", onDisconnect="cancel")
    await deployment.client.follow(run, until=3)
    async with asyncio.timeout(10):
        # Watching would bring a viewer.
        while (record := await deployment.client.record(run.execution_id))["status"] == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert record["code"] == "client_disconnected"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
async def test_invented_addresses_bring_nobody_past_a_limit(deployment: Deployment, address: str) -> None:
    """From an address that the nodes trust, and from one that they do not."""
    connector, codes = aiohttp.TCPConnector(local_addr=(address, 0)), []
    async with aiohttp.ClientSession(connector=connector) as session:
        for index in range(6):
            claimed = f"198.51.100.{index}"
            forged = {"X-Forwarded-For": claimed, "X-Real-IP": claimed, "Forwarded": f"for={claimed}"}
            body = {"email": f"nobody-{address}-{index}@example.org", "password": "wrong"}
            async with session.post(f"{deployment.url}/api/session", json=body, headers=forged) as answer:
                codes.append((await answer.json(content_type=None))["code"])
    assert codes == ["invalid_credentials"] * 5 + ["rate_limited"]


async def test_doctor_finds_nothing_wrong_with_the_way(deployment: Deployment, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "doctor", "--json", "--url", deployment.url, "--key", TEST_API_KEY]
    environment = {**deployment.cluster.nodes["web-1"]._environment, "AA_DATA_DIR": str(tmp_path)}
    run = await asyncio.to_thread(
        lambda: subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    )
    findings = {one["check"]: one for one in json.loads(run.stdout)["findings"]}
    assert [name for name, one in findings.items() if one["outcome"] == "fail"] == []
    assert findings["buffering"]["outcome"] == findings["heartbeats"]["outcome"] == findings["cuts"]["outcome"] == "ok"
    assert findings["nodes"]["found"].startswith("8 connections reached 2")
    assert findings["client address"]["found"].endswith("127.0.0.1")


async def test_workers_tell_their_figures_and_the_queue(deployment: Deployment) -> None:
    await deployment.client.follow(await deployment.start("quick"))
    token, ended = {"Authorization": "Bearer a token of the test"}, 0.0
    for name in ("worker-1", "worker-2"):
        url = f"{deployment.cluster.nodes[name].base_url}/metrics"
        async with deployment.client.session.get(url, headers=token) as answer:
            lines = (await answer.text()).splitlines()
        assert any(line.startswith("aa_queue_depth ") for line in lines)
        ended += sum(float(line.split()[-1]) for line in lines if line.startswith("aa_executions_ended_total"))
    assert ended > 0


async def test_a_node_that_drains_is_passed_over_and_its_viewers_go_on_elsewhere(deployment: Deployment) -> None:
    run = await deployment.start("slow")
    following = asyncio.ensure_future(deployment.client.follow(run))
    await until(lambda: run.last >= 4, seconds=10)
    node = deployment.cluster.nodes["web-1"]
    leaving = asyncio.ensure_future(node.stop(signal.SIGTERM))
    answers = []
    while not leaving.done():
        async with deployment.client.session.get(
            f"{deployment.url}/api/executions", headers=deployment.client.headers
        ) as answer:
            answers.append(answer.status)
    assert leaving.result() == 0
    assert set(answers) == {200}
    await following
    assert run.text("only")
    assert run.ended
    assert run.problems() == []
    status, _ = await deployment.post("/api/executions", {"assistantId": "nothing"}, **deployment.client.headers)
    assert status == 404
    # Back again, it gets its share as before.
    await node.start()
    async with asyncio.timeout(20):
        while len(await deployment.nodes()) < 2:
            pass

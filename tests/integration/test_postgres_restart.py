"""PostgreSQL is restarted under running executions: everything goes on."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.support.cluster import running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.postgres import PostgresDatabases
from tests.support.postgres_server import PostgresServer
from tests.support.service import echo
from tests.support.stream_client import Received, StreamClient
from tests.support.waiting import until

WORDS = " ".join(f"word{number}" for number in range(90))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["shut-down", "crashed"])
async def test_runs_go_on_over_a_restart_of_the_database_and_new_ones_start_after_it(
    how: signal.Signals, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    databases = PostgresDatabases(postgres_server.url("postgres"))
    with databases.migrated() as url:
        async with running_cluster(url, tmp_path) as cluster, aiohttp.ClientSession() as session:
            web, worker = [
                await cluster.start_here(name, works=works) for name, works in (("web", False), ("worker", True))
            ]
            ada = await web.person()
            client = StreamClient(session, str(web.client.base_url), ada.key)
            assistant = await web.assistant(ada, echo(content=WORDS, model="scripted/slow-100"))
            run = await client.start(assistant.id, {"topic": "x"})
            following = asyncio.ensure_future(client.follow(run))
            await until(lambda: "prompt.delta" in run.types, 10)
            await asyncio.to_thread(postgres_server.stop, how)
            await asyncio.to_thread(postgres_server.start)
            await following
            assert run.events[-1]["status"] == "completed"
            assert run.problems() == []
            assert "prompt.retrying" not in run.types
            assert run.text("answer") == WORDS
            assert worker.node.service.manager.held() == {}

            run = await client.start(assistant.id, {"topic": "x"})
            await client.follow(run, until=5)
            answer = await web.client.post(f"/api/executions/{run.execution_id}/cancel", headers=ada.headers)
            assert (answer.json()["outcome"], answer.json()["upstreamClosed"]) == ("stopped", True)
            everything = await client.follow(Received(run.execution_id))
            assert everything.problems() == []
            assert await broken_invariants(url) == []
    databases.close()

"""PostgreSQL takes its time to say that it has committed, and a stop comes meanwhile: row and last event agree."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support.chaos import chain, crowd, dice, sized
from tests.support.cluster import BOTH, WEB, running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.late_commits import late_commits
from tests.support.postgres import PostgresDatabases
from tests.support.postgres_server import PostgresServer
from tests.support.stream_client import Received, StreamClient

STOPS = sized(24, 500)
AT_ONCE = 10
LONGEST_SECONDS = 0.08
WORDS = " ".join(f"word{number}" for number in range(24))
PAUSE_MS = 100
#: The numbers of the first event with words in it, of the last event of all, and how long after one the stop may come.
FIRST_WORDS = 4
LAST = 13
THEN_SECONDS = 0.15
ANSWERS = {"stopped", "already_finished", "stopped_before_start"}


@asynccontextmanager
async def slow_database(server: PostgresServer, rng: random.Random) -> AsyncIterator[str]:
    """The URL of a database whose commits are answered late."""
    databases = PostgresDatabases(server.url("postgres"))
    # Short enough for the name of a socket.
    with databases.migrated() as url, tempfile.TemporaryDirectory(dir="/tmp") as directory:
        async with late_commits(server.directory, Path(directory), lambda: rng.uniform(0, LONGEST_SECONDS)):
            query = {**make_url(url).query, "host": directory}
            yield make_url(url).set(query=query).render_as_string(hide_password=False)
    databases.close()


@pytest.mark.timeout(sized(90, 600))
async def test_what_a_stop_is_told_is_what_the_row_and_the_last_event_say(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    rng = dice()
    async with (
        slow_database(postgres_server, rng) as url,
        running_cluster(url, tmp_path) as cluster,
        crowd() as session,
    ):
        # Processes of their own: what the proxy does is no work of theirs.
        await cluster.start(web=WEB, both=BOTH)
        clients = [cluster.client(session, name) for name in cluster.nodes]
        assistant = await clients[0].create_assistant(chain(1, WORDS, PAUSE_MS))
        turns = asyncio.Semaphore(AT_ONCE)
        told = await asyncio.gather(*(_stop(client, assistant, rng, turns) for client in clients * (STOPS // 2)))
        assert {outcome for outcome, _ in told} <= ANSWERS
        assert {status for _, status in told} == {"completed", "cancelled"}, (
            "they did not come about when the runs ended"
        )
        assert await broken_invariants(url) == []


async def _stop(client: StreamClient, assistant: str, rng: random.Random, turns: asyncio.Semaphore) -> tuple[str, str]:
    """What the stop was told; it came at any time until shortly after the end, whatever the machine's speed."""
    async with turns:
        run = await client.start(assistant, {})
        following = asyncio.ensure_future(client.follow(run))
        await client.follow(Received(run.execution_id), until=rng.randint(FIRST_WORDS, LAST))
        await asyncio.sleep(rng.uniform(0, THEN_SECONDS))
        receipt = await client.stop(run.execution_id)
        await following
        record = await client.record(run.execution_id)
        assert receipt["status"] == record["status"] == run.events[-1]["status"]
        assert run.problems() == []
        return receipt["outcome"], receipt["status"]

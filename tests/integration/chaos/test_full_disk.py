"""No room on the disk: the API says that nothing is stored, the process lives, and all is well once there is room."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from app.db.postgres.plain import connector
from tests.support.chaos import chain
from tests.support.cluster import running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node, running_node
from tests.support.postgres import PostgresDatabases
from tests.support.postgres_server import PostgresServer
from tests.support.stream_client import Received, StreamClient
from tests.support.waiting import until

WORDS = " ".join(f"word{number}" for number in range(60))

#: A file of PostgreSQL's log of writes has this size from the first byte on, so a limit no lower lets it be written.
SEGMENT_BYTES = 1024 * 1024
#: Makes the table of events larger than that: by rows too small to leave room for others between them.
_GROW = f"""
    INSERT INTO events SELECT key, 1000000 + number, 0, 0, ''
        FROM executions, generate_series(1, {SEGMENT_BYTES // 50}) AS number WHERE id = $1
"""
#: More executions than the last page of the table has room for.
ROOM = 200
_SIZE = "SELECT pg_relation_size('events')"


@pytest.mark.timeout(90)
async def test_with_sqlite_on_a_full_disk_starts_are_refused_and_work_goes_on_once_there_is_room(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path, AA_BOOTSTRAP_API_KEY=TEST_API_KEY) as node, aiohttp.ClientSession() as session:
        client = StreamClient(session, node.base_url, TEST_API_KEY)
        assistant = await client.create_assistant(chain(1, WORDS, 100))
        run = await client.start(assistant, {})
        following = asyncio.ensure_future(client.follow(run))
        await until(lambda: "prompt.delta" in run.types, 10)
        with full_disk(node):
            await _refused(client, assistant)
        await following
        assert run.events[-1]["status"] == "completed", "it waited, or was begun again"
        assert (run.problems(), run.text("p0")) == ([], WORDS)
        await _recovered(client)


@contextmanager
def full_disk(node: Node) -> Iterator[None]:
    """No file of the node's may grow: a limit of the kernel's that any user may set on a process of their own."""
    before = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_segments() -> Iterator[PostgresServer]:
    server = PostgresServer(initdb=("--wal-segsize=1",))
    yield server
    server.close()


@pytest.mark.timeout(90)
async def test_with_postgresql_on_a_full_disk_starts_are_refused_and_work_goes_on_once_there_is_room(
    tmp_path: Path, small_segments: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    databases = PostgresDatabases(small_segments.url("postgres"))
    with databases.migrated() as url:
        async with running_cluster(url, tmp_path) as cluster, aiohttp.ClientSession() as session:
            await cluster.start_here("worker", works=True, max_takeovers="1000")
            web = await cluster.start_here("web", works=False)
            client = StreamClient(session, str(web.client.base_url), (await web.person()).key)
            await _fill_under_a_run(client, small_segments, await _grown(client, url))
            await _recovered(client)
        assert await broken_invariants(url) == []
    databases.close()
    assert "could not extend file" in caplog.text


async def _grown(client: StreamClient, url: str) -> int:
    """Bytes of the table of events, which has no room in it."""
    run = await client.follow(await client.start(await client.create_assistant(chain(1, "one", 0)), {}))
    server: asyncpg.Connection = await connector(url, statement_seconds=10)()
    try:
        await server.execute("ALTER TABLE events DISABLE TRIGGER USER")
        await server.execute(_GROW, run.execution_id)
        await server.execute("DELETE FROM events WHERE seq > 1000000")
        await server.execute("ALTER TABLE events ENABLE TRIGGER USER")
        return int(await server.fetchval(_SIZE))
    finally:
        await server.close()


async def _fill_under_a_run(client: StreamClient, server: PostgresServer, largest: int) -> None:
    assistant = await client.create_assistant(chain(1, WORDS, 100))
    run = await client.start(assistant, {})
    following = asyncio.ensure_future(client.follow(run))
    await until(lambda: "prompt.delta" in run.types, 10)
    await asyncio.to_thread(server.limit_files, largest)
    try:
        stored = await _refused(client, assistant)
    finally:
        await asyncio.to_thread(server.limit_files, None)
    await following
    await asyncio.gather(*map(client.follow, stored))
    for one in (run, *stored):
        assert one.events[-1]["status"] == "completed", "it waited, or was begun again"
        assert (one.problems(), one.text("p0")) == ([], WORDS)


async def _refused(client: StreamClient, assistant: str) -> list[Received]:
    """Starts, until one is refused; those that found room."""
    body = {"assistantId": assistant, "inputs": {}}
    url = f"{client.base_url}/api/executions"
    stored: list[Received] = []
    while len(stored) < ROOM:
        async with client.session.post(url, json=body, headers=client.headers) as answer:
            if answer.status != 202:
                assert (answer.status, (await answer.json())["code"]) == (503, "storage_unavailable")
                assert int(answer.headers["Retry-After"]) > 0
                return stored
            stored.append(Received((await answer.json())["id"]))
    pytest.fail("it stored all of that on a full disk")


async def _recovered(client: StreamClient) -> None:
    run = await client.follow(await client.start(await client.create_assistant(chain(2, "one two three", 10)), {}))
    assert (run.events[-1]["status"], run.problems()) == ("completed", [])

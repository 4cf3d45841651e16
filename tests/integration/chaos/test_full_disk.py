"""No room on the disk: the API says that nothing is stored, the process lives, and all is well once there is room."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from app.db.postgres.plain import connector
from tests.support.chaos import chain
from tests.support.cluster import running_cluster
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node, running_node
from tests.support.stream_client import StreamClient
from tests.support.waiting import until

WORDS = " ".join(f"word{number}" for number in range(60))

#: What PostgreSQL answers once a table cannot grow.
_FULL = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION no_room()
"""
_ROOM = "DROP TRIGGER no_room ON events; DROP FUNCTION no_room()"


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
        async with full_disk(node):
            await _refused(client, assistant)
        await following
        assert run.events[-1]["status"] == "completed", "it waited, or was begun again"
        assert (run.problems(), run.text("p0")) == ([], WORDS)
        await _recovered(client)


@asynccontextmanager
async def full_disk(node: Node) -> AsyncIterator[None]:
    """No file of the node's may grow: a limit of the kernel's that any user may set on a process of their own."""
    before = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.timeout(90)
async def test_with_postgresql_on_a_full_disk_starts_are_refused_and_work_goes_on_once_there_is_room(
    tmp_path: Path, postgres_url: str
) -> None:
    async with running_cluster(postgres_url, tmp_path) as cluster, aiohttp.ClientSession() as session:
        await cluster.start_here("worker", works=True, max_takeovers="1000")
        web = await cluster.start_here("web", works=False)
        client = StreamClient(session, str(web.client.base_url), (await web.person()).key)
        server: asyncpg.Connection = await connector(postgres_url, statement_seconds=5)()
        try:
            await _fill_under_a_run(client, server)
        finally:
            await server.close()
        await _recovered(client)


async def _fill_under_a_run(client: StreamClient, server: asyncpg.Connection) -> None:
    assistant = await client.create_assistant(chain(1, WORDS, 100))
    run = await client.start(assistant, {})
    following = asyncio.ensure_future(client.follow(run))
    await until(lambda: "prompt.delta" in run.types, 10)
    await server.execute(_FULL)
    await _refused(client, assistant)
    await server.execute(_ROOM)
    await following
    assert run.events[-1]["status"] == "completed", "it waited, or was begun again"
    assert (run.problems(), run.text("p0")) == ([], WORDS)


async def _refused(client: StreamClient, assistant: str) -> None:
    """A start, until it is refused: there may be room for a little more."""
    body = {"assistantId": assistant, "inputs": {}}
    url = f"{client.base_url}/api/executions"
    for _ in range(200):
        async with client.session.post(url, json=body, headers=client.headers) as answer:
            if answer.status != 202:
                assert answer.status == 503, await answer.text()
                assert int(answer.headers["Retry-After"]) > 0
                return
    pytest.fail("it stored all of that on a full disk")


async def _recovered(client: StreamClient) -> None:
    run = await client.follow(await client.start(await client.create_assistant(chain(2, "one two three", 10)), {}))
    assert (run.events[-1]["status"], run.problems()) == ("completed", [])

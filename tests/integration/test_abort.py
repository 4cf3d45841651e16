"""The client closes at every point of a run: the policy decides, the row is terminal, the text is what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.fault_upstream import Answer, FaultUpstream
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node, running_node
from tests.support.stream_client import Received, StreamClient

STEPS = ("first", "second", "third")
TEXTS = ("one ", "two ", "three ")
CHAIN = {
    "name": "Three steps",
    "prompts": [
        {"id": step, "name": step, "position": index, "model": "openai/steady", "content": f"do {step}"}
        for index, step in enumerate(STEPS)
    ],
}
#: queued, started, and for each prompt: started, three deltas, finished; then the end.
EVENTS = 2 + 3 * (1 + len(TEXTS) + 1) + 1


@pytest.fixture
async def upstream() -> AsyncIterator[FaultUpstream]:
    async with FaultUpstream() as upstream:
        upstream.answers["steady"] = Answer(TEXTS, delay=0.02)
        yield upstream


@pytest.fixture
async def node(tmp_path: Path, upstream: FaultUpstream) -> AsyncIterator[Node]:
    environment = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": upstream.base_url}
    async with running_node(tmp_path, upstream, AA_BOOTSTRAP_API_KEY=TEST_API_KEY, **environment) as node:
        yield node


@pytest.fixture
async def client(node: Node) -> AsyncIterator[StreamClient]:
    async with aiohttp.ClientSession() as session:
        yield StreamClient(session, node.base_url, TEST_API_KEY)


async def watch_and_leave(client: StreamClient, assistant: str, leave_after: int, policy: str) -> Received:
    """Start by the streaming route, read a number of events, and close the socket."""
    body = {"assistantId": assistant, "inputs": {}, "onDisconnect": policy}
    url = f"{client.base_url}/api/assistant-architect/stream"
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=client.headers) as answer:
        assert answer.status == 200, await answer.text()
        received = Received(answer.headers["X-Execution-Id"])
        held = b""
        while len(received.events) < leave_after and not answer.content.at_eof():
            held += await answer.content.readany()
            *blocks, held = held.split(b"\n\n")
            for block in blocks:
                received.take(block)
        answer.close()
    return received


async def terminal(client: StreamClient, execution_id: str) -> dict[str, object]:
    async with asyncio.timeout(10):
        # Watching the events would bring a viewer back, which is what is tested.
        while (record := await client.record(execution_id))["status"] in ("pending", "running"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return record


@pytest.mark.parametrize("policy", ["continue", "cancel", "finish_prompt", "grace:0"])
async def test_leaving_at_every_event_ends_as_the_policy_says(
    policy: str, client: StreamClient, upstream: FaultUpstream
) -> None:
    assistant = await client.create_assistant(CHAIN)
    for leave_after in range(1, EVENTS):
        received = await watch_and_leave(client, assistant, leave_after, policy)
        record = await terminal(client, received.execution_id)
        if policy == "continue":
            assert record["status"] == "completed", (leave_after, record)
        else:
            assert record["status"] in ("cancelled", "completed"), (leave_after, record)
            assert record["status"] == "completed" or record["code"] == "client_disconnected"
        if policy == "cancel":
            await upstream.closed(within=1)
        everything = await client.follow(Received(received.execution_id))
        assert everything.problems() == []


async def test_a_viewer_that_comes_back_within_the_grace_time_keeps_the_run_alive(
    client: StreamClient, upstream: FaultUpstream
) -> None:
    upstream.answers["steady"] = Answer(TEXTS, delay=0.2)
    assistant = await client.create_assistant(CHAIN)
    received = await watch_and_leave(client, assistant, 4, "grace:1")
    await client.follow(received)
    assert received.events[-1]["status"] == "completed"


async def test_one_viewer_of_two_leaving_changes_nothing(client: StreamClient, upstream: FaultUpstream) -> None:
    upstream.answers["steady"] = Answer(TEXTS, delay=0.1)
    assistant = await client.create_assistant(CHAIN)
    started = await client.start(assistant, {}, onDisconnect="cancel")
    staying = asyncio.ensure_future(client.follow(started))
    leaving = Received(started.execution_id)
    await client.follow(leaving, until=4)
    assert (await staying).events[-1]["status"] == "completed"

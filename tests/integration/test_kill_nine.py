"""kill -9 loses nothing: not an execution, not an event, not a finished prompt."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import aiohttp
import pytest

from tests.support.fault_upstream import Answer, FaultUpstream
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node, running_node
from tests.support.stream_client import Received, StreamClient

#: Fifty in all, told in parts that may run side by side.
PARTS = 5
KILLS = 10
RUNS_AT_ONCE = 4
MOST_EVENTS_BETWEEN_KILLS = 60
STEPS = ("draft", "review", "final")
TEXTS = tuple(f"word{number} " for number in range(6))

CHAIN = {
    "name": "Chain of three",
    "fields": [{"name": "run", "type": "short_text", "label": "Run", "required": True}],
    "prompts": [
        {"id": step, "name": step, "position": index, "model": "openai/steady", "content": f"{step} of {{{{ run }}}}"}
        for index, step in enumerate(STEPS)
    ],
    "onDisconnect": "continue",
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("part", range(PARTS))
async def test_fifty_kills_at_random_points_lose_nothing_and_repeat_nothing(tmp_path: Path, part: int) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    async with FaultUpstream() as upstream, aiohttp.ClientSession() as session:
        upstream.answers["steady"] = Answer(TEXTS, delay=0.02)
        environment = {
            "OPENAI_API_KEY": "sk-test-of-kills",
            "OPENAI_BASE_URL": upstream.base_url,
            "AA_BOOTSTRAP_API_KEY": TEST_API_KEY,
            "AA_MAX_TAKEOVERS": "1000",
        }
        async with running_node(tmp_path, upstream, **environment) as node:
            client = StreamClient(session, node.base_url, TEST_API_KEY)
            runs = await _kill_and_restart(node, client, rng)
            await asyncio.gather(*(following for _, following in runs))
            node.kill()
            await node.start()
            await _check(client, [run for run, _ in runs], upstream, f"part {part}, seed {seed}")
            assert await node.stop() == 0, node.log()


async def _kill_and_restart(
    node: Node, client: StreamClient, rng: random.Random
) -> list[tuple[Received, asyncio.Task[Received]]]:
    """Keep some runs going with a client on each, and kill the server again and again."""
    assistant = await client.create_assistant(CHAIN)
    runs: list[tuple[Received, asyncio.Task[Received]]] = []
    for _ in range(KILLS):
        while sum(not following.done() for _, following in runs) < RUNS_AT_ONCE:
            received = await client.start(assistant, {"run": f"run {len(runs)}"})
            following = asyncio.get_running_loop().create_task(client.follow(received))
            runs.append((received, following))
        await _more_events([received for received, _ in runs], rng.randrange(MOST_EVENTS_BETWEEN_KILLS))
        node.kill()
        await node.start()
    return runs


async def _more_events(runs: list[Received], count: int) -> None:
    """Until the clients have seen so many events more: the point of the kill, whatever the machine's speed."""
    goal = sum(len(run.events) for run in runs) + count
    while sum(len(run.events) for run in runs) < goal and not all(run.ended for run in runs):  # noqa: ASYNC110
        await asyncio.sleep(0.002)


async def _check(client: StreamClient, runs: list[Received], upstream: FaultUpstream, seed: str) -> None:
    asked = [request.body["messages"][-1]["content"].split(" of ") for request in upstream.requests]
    interrupted = 0
    for number, run in enumerate(runs):
        record = await client.record(run.execution_id)
        assert record["status"] == "completed", f"{seed}: {record}"
        assert run.events[-1]["status"] == "completed"
        assert run.problems() == [], f"{seed}, run {number}"
        for prompt in record["prompts"]:
            attempts = prompt["attempts"]
            assert run.text(prompt["promptId"]) == "".join(TEXTS) == attempts[-1]["output"], seed
            assert [a["status"] for a in attempts[:-1]] == ["failed"] * (len(attempts) - 1), seed
            assert all(a["usageSource"] == "estimated" and a["durationMs"] >= 0 for a in attempts[:-1]), seed
            interrupted += len(attempts) - 1
        used = [attempt["usage"]["totalTokens"] for prompt in record["prompts"] for attempt in prompt["attempts"]]
        assert record["usage"]["totalTokens"] == sum(used), seed
        # A later prompt is asked only when the earlier one has ended, and then that one is never asked again.
        order = [STEPS.index(step) for step, name in asked if name == f"run {number}"]
        assert order == sorted(order), f"{seed}, run {number}: {order}"
        assert set(order) == {0, 1, 2}, seed
        assert run.types.count("prompt.retrying") == sum(len(p["attempts"]) - 1 for p in record["prompts"]), seed
    assert interrupted >= KILLS // 5, "the kills hit running prompts"
    assert await client.running() == []

"""A rerun and kill -9: what was kept is neither lost nor asked for again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.support.fault_upstream import Answer, FaultUpstream
from tests.support.keys import TEST_API_KEY
from tests.support.node import running_node
from tests.support.stream_client import StreamClient
from tests.support.waiting import until

#: More than one frame holds.
DRAFT = tuple(f"line {number} of a long draft\n" for number in range(4000))
FINAL = tuple(f"word{number} " for number in range(10))

CHAIN = {
    "name": "Chain of two",
    "prompts": [
        {"id": "draft", "name": "Draft", "position": 0, "model": "openai/quick", "content": "draft it"},
        {"id": "final", "name": "Final", "position": 1, "model": "openai/slow", "content": "improve ${draft}"},
    ],
    "onDisconnect": "continue",
}


@pytest.mark.timeout(90)
@pytest.mark.parametrize("seen", [0, 1, 12])
async def test_kill_nine_in_a_rerun_loses_nothing_of_what_it_kept(tmp_path: Path, seen: int) -> None:
    async with FaultUpstream() as upstream, aiohttp.ClientSession() as session:
        upstream.answers["quick"], upstream.answers["slow"] = Answer(DRAFT), Answer(FINAL, delay=0.02)
        environment = {
            "OPENAI_API_KEY": "sk-test-of-reruns",
            "OPENAI_BASE_URL": upstream.base_url,
            "AA_BOOTSTRAP_API_KEY": TEST_API_KEY,
        }
        async with running_node(tmp_path, upstream, **environment) as node:
            client = StreamClient(session, node.base_url, TEST_API_KEY)
            old = await client.follow(await client.start(await client.create_assistant(CHAIN), {}))
            run = await client.rerun(old.execution_id, fromPrompt="final")
            following = asyncio.get_running_loop().create_task(client.follow(run))
            await until(lambda: len(run.events) >= seen, 20)
            node.kill()
            await node.start()
            await following
            record = await client.record(run.execution_id)
            assert run.events[-1]["status"] == record["status"] == "completed", record
            assert (run.text("draft"), run.text("final")) == ("".join(DRAFT), "".join(FINAL))
            assert [prompt["keptFrom"] for prompt in record["prompts"]] == [old.execution_id, None]
            assert all(event["promptId"] == "final" for event in run.events if event["type"] == "prompt.retrying")
            asked = [request.model for request in upstream.requests]
            assert asked.count("quick") == 1
            again = await client.follow(type(run)(run.execution_id))
            assert again.text("draft") == "".join(DRAFT)
            assert await node.stop() == 0, node.log()

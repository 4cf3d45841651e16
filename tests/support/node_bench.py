"""A real node on a fault upstream, with a client: the bench of the tests of whole flows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp

from tests.support.fault_modes import CANARY
from tests.support.fault_upstream import FaultUpstream
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node, running_node
from tests.support.stream_client import Received, StreamClient


def step(name: str, model: str, position: int = 0, content: str = "go", **more: object) -> dict[str, object]:
    """A prompt of a definition; `name` is its id too, `model` goes without its provider."""
    return {"id": name, "name": name, "model": f"openai/{model}", "position": position, "content": content, **more}


def one_prompt(model: str, **more: object) -> dict[str, object]:
    """An assistant of one prompt, `only`; `more`: of the prompt."""
    return chain([{**step("only", model), **more}])


def chain(prompts: Sequence[Mapping[str, object]], **more: object) -> dict[str, object]:
    return {"name": "Bench", "prompts": list(prompts), "onDisconnect": "continue", **more}


class Bench(NamedTuple):
    node: Node
    upstream: FaultUpstream
    client: StreamClient
    data_dir: Path

    async def run(self, definition: Mapping[str, object], **body: object) -> Received:
        """Store an assistant, start it and follow it to its end."""
        assistant = await self.client.create_assistant(definition)
        return await self.client.follow(await self.client.start(assistant, {}, **body))

    async def stop(self, execution_id: str) -> dict[str, Any]:
        """Ask for a stop; its receipt."""
        url = f"{self.client.base_url}/api/executions/{execution_id}/cancel"
        async with self.client.session.post(url, headers=self.client.headers) as answer:
            assert answer.status == 200, await answer.text()
            receipt: dict[str, Any] = await answer.json()
            return receipt

    async def forget(self) -> None:
        """Remove the newest executions, which are finished, so that the next check has less to read."""
        url, session, headers = f"{self.client.base_url}/api/executions", self.client.session, self.client.headers
        async with session.get(url, params={"limit": "100"}, headers=headers) as answer:
            items = (await answer.json())["items"]
        for item in items:
            async with session.delete(f"{url}/{item['id']}", headers=headers) as answer:
                assert answer.status == 204, await answer.text()


@asynccontextmanager
async def running_bench(data_dir: Path, **environment: str) -> AsyncIterator[Bench]:
    """A node in `data_dir` whose only model service is a fault upstream; its key and its errors hold the canary."""
    async with FaultUpstream() as upstream:
        given = {
            "OPENAI_API_KEY": f"{CANARY}-own",
            "OPENAI_BASE_URL": upstream.base_url,
            "AA_BOOTSTRAP_API_KEY": TEST_API_KEY,
            **environment,
        }
        async with (
            running_node(data_dir, upstream, **given) as node,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), trace_configs=[_reading_along(node)]
            ) as session,
        ):
            node.secrets.append(CANARY)
            await node.warm()
            yield Bench(node, upstream, StreamClient(session, node.base_url, TEST_API_KEY), data_dir)


def _reading_along(node: Node) -> aiohttp.TraceConfig:
    """Keeps the body of every refusal."""
    trace = aiohttp.TraceConfig()

    async def refused(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        if end.response.status >= 400:
            node.bodies += await end.response.read()

    trace.on_request_end.append(refused)
    return trace

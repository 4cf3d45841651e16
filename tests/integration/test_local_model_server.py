"""The bundled model as a child process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from lib.streaming.providers.local_server import LocalEndpoint, LocalModelServer, is_available

pytestmark = pytest.mark.local_model


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalModelServer]:
    server = LocalModelServer(tmp_path / "model.log")
    yield server
    await server.stop()


async def ask(endpoint: LocalEndpoint, key: str) -> tuple[int, str]:
    body = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 4,
        "stream": True,
    }
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{endpoint.base_url}/chat/completions"
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        text = ""
        async for line in answer.content:
            if line.startswith(b"data: {"):
                choices = json.loads(line[6:])["choices"]
                text += (choices[0]["delta"].get("content") or "") if choices else ""
        return answer.status, text


def test_the_bundled_model_is_there() -> None:
    assert is_available()


async def test_it_streams_an_answer_to_whoever_has_the_key_and_to_nobody_else(server: LocalModelServer) -> None:
    endpoint = await server.start()
    status, text = await ask(endpoint, endpoint.api_key)
    assert (status, bool(text.strip())) == (200, True)
    assert (await ask(endpoint, "guess"))[0] == 401


async def test_a_child_that_died_is_started_again(server: LocalModelServer) -> None:
    first = await server.start()
    for child in psutil.Process().children():
        if "lib.streaming.providers.local_child" in child.cmdline():
            child.kill()
            child.wait(5)
    await server._child.wait()  # type: ignore[union-attr]
    second = await server.start()
    assert second.api_key != first.api_key
    assert (await ask(second, second.api_key))[0] == 200


def test_it_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    (child,) = psutil.Process(parent.pid).children()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    child.wait(5)


_PARENT = """
import asyncio, sys
from pathlib import Path
from lib.streaming.providers.local_server import LocalModelServer

async def main():
    server = LocalModelServer(Path(sys.argv[1]))
    await server.start()
    print("up", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""

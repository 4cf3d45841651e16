"""The bundled model as a child process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from lib.streaming.clock import SystemClock
from lib.streaming.ports.models import ModelRequest
from lib.streaming.providers.local import LocalProvider
from lib.streaming.providers.local_server import LocalEndpoint, LocalModelServer, is_available
from lib.streaming.types import Message, Role
from tests.support.upstream_faults import listen

# A real model on a busy machine takes its time.
pytestmark = [pytest.mark.local_model, pytest.mark.timeout(240)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalModelServer]:
    server = LocalModelServer(tmp_path / "model.log")
    yield server
    await server.stop()


def child_of(server: LocalModelServer) -> psutil.Process:
    assert server._child is not None
    return psutil.Process(server._child.pid)


async def ask(endpoint: LocalEndpoint, key: str) -> tuple[int, str]:
    body = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 8,
        "temperature": 0,
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


async def test_calls_that_follow_each_other_at_once_are_all_answered(server: LocalModelServer) -> None:
    provider = LocalProvider(server, SystemClock())
    request = ModelRequest("smollm2", (Message(Role.USER, "Say hello."),), connect_timeout=5, max_output_tokens=1)
    failures = [(await listen(provider, request)).failure for _ in range(6)]
    await provider.close()
    assert failures == [None] * 6


async def test_the_signals_that_end_its_parent_leave_it_at_work_and_its_log_holds_no_content(
    server: LocalModelServer, tmp_path: Path
) -> None:
    endpoint = await server.start()
    child = child_of(server)
    assert os.getsid(child.pid) == child.pid
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGTERM)
    assert (await ask(endpoint, endpoint.api_key))[0] == 200
    await server.stop()
    assert not child.is_running()
    log = (tmp_path / "model.log").read_text()
    assert "hello" not in log.lower()
    assert "task" not in log, "a line a request fills the disk"


async def test_a_start_nobody_waits_for_any_more_leaves_no_child(server: LocalModelServer) -> None:
    # The servers of other tests may run in this process.
    others = psutil.Process().children()
    start = asyncio.ensure_future(server.start())
    async with asyncio.timeout(10):
        while server._child is None:  # noqa: ASYNC110 -- the child tells nobody that it is there
            await asyncio.sleep(0)
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    assert start.cancelled()
    assert psutil.Process().children() == others


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

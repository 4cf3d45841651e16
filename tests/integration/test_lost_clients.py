"""Clients that stand still, vanish without a word, or come back for an answer they no longer wait for."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from app.http.connection import USER_TIMEOUT_MS
from tests.support.fault_upstream import Answer
from tests.support.forked_process import ROOT
from tests.support.lost_link import cut
from tests.support.node_bench import Bench, one_prompt, running_bench
from tests.support.stream_client import Received
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEND_SECONDS = 1.0
HEARTBEAT_SECONDS = 0.5
#: 12 MB: more than the buffers between a server and a client hold.
LARGE = tuple(f"{number:07d} " * 2048 for number in range(768))
#: A link that was cut is noticed within 30 s at a heartbeat every 15 s.
LONGEST_CUT = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    settings = {"AA_SEND_SECONDS": str(SEND_SECONDS), "AA_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS)}
    async with running_bench(tmp_path_factory.mktemp("node"), **settings) as bench:
        bench.upstream.script("large", Answer(LARGE, delay=0.002, usage=None))
        bench.upstream.script("words", Answer(tuple(f"word{number} " for number in range(20)), delay=0.02))
        yield bench


class FollowerProcess:
    """A client that can be stopped like a laptop whose lid is closed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def follow(cls, bench: Bench, execution_id: str) -> FollowerProcess:
        """Return when it has its first event."""
        key = bench.client.headers["Authorization"].removeprefix("Bearer ")
        command = [sys.executable, "-m", "tests.support.follower_process", bench.client.base_url, execution_id, key]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        follower = cls(process)
        assert await follower._line() == "began"
        return follower

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    async def result(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await self._line())
        await self._process.wait()
        return told

    async def _line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()


def closed(bench: Bench, reason: str) -> int:
    """How many streams the server has closed for a reason."""
    return bench.node.log().count(f"closed={reason}")


async def test_a_client_that_stood_still_past_the_send_deadline_is_cut_and_misses_nothing(bench: Bench) -> None:
    cut_before = closed(bench, "slow_client")
    run = await bench.client.start(await bench.client.create_assistant(one_prompt("large")), {})
    asleep = await FollowerProcess.follow(bench, run.execution_id)
    asleep.send(signal.SIGSTOP)
    other = await bench.client.follow(run)
    await until(lambda: closed(bench, "slow_client") > cut_before, 30)
    asleep.send(signal.SIGCONT)
    told, text = await asleep.result(), "".join(LARGE)
    assert (other.events[-1]["status"], other.text("only") == text) == ("completed", True)
    assert told["connects"] >= 2, "one that was cut, one that went on"
    assert (told["last"], told["digest"]) == (other.last, hashlib.sha256(text.encode()).hexdigest())


@pytest.mark.timeout(120)
async def test_a_peer_that_went_without_a_word_is_given_up_by_the_kernel(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """One is cut off, where a test may do that; one no longer takes what it is sent, which anybody may do."""
    settings = {"AA_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS), "AA_SEND_SECONDS": "600"}
    async with running_bench(tmp_path_factory.mktemp("links"), **settings) as bench:
        bench.upstream.script("silence", Answer(first_delay=2 * LONGEST_CUT))
        bench.upstream.script("large", Answer(LARGE, usage=None))
        silent, large = [
            await bench.client.start(await bench.client.create_assistant(one_prompt(model)), {})
            for model in ("silence", "large")
        ]
        links = [await listening(bench, silent.execution_id), await listening(bench, large.execution_id)]
        lost = 1 + cut(links[0])
        took = await until(lambda: closed(bench, "client_gone") == lost, LONGEST_CUT)
        assert took > USER_TIMEOUT_MS / 1000 - 2, "a link that is only slow is waited for"
        assert closed(bench, "slow_client") == 0
        for link in links:
            link.close()
        await bench.stop(silent.execution_id)
        await bench.client.follow(large)


async def listening(bench: Bench, execution_id: str) -> socket.socket:
    """A bare connection with small buffers on which the stream has begun."""
    loop, connection = asyncio.get_running_loop(), socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await loop.sock_connect(connection, ("127.0.0.1", bench.node.port))
    headers = "".join(f"{name}: {value}\r\n" for name, value in bench.client.headers.items())
    request = f"GET /api/executions/{execution_id}/events HTTP/1.1\r\nHost: test\r\n{headers}\r\n"
    await loop.sock_sendall(connection, request.encode())
    said = b""
    while b"prompt.started" not in said:
        said += await loop.sock_recv(connection, 65536)
    return connection


async def test_a_client_that_leaves_a_silent_answer_is_noticed_at_once(bench: Bench) -> None:
    assistant = await bench.client.create_assistant(one_prompt("fault-silence-after-tokens"))
    url = f"{bench.client.base_url}/api/assistant-architect/stream"
    noticed = []
    for _ in range(5):
        async with aiohttp.ClientSession() as session:
            body = {"assistantId": assistant, "inputs": {}, "onDisconnect": "cancel"}
            answer = await session.post(url, json=body, headers=bench.client.headers)
            await answer.content.readuntil(b"three")
            answer.close()
            noticed.append(await bench.upstream.closed(within=2))
    # The machine may be busy for some of them.
    assert min(noticed) <= 0.1, noticed


async def test_a_start_that_is_broken_off_leaves_a_whole_run_or_none(bench: Bench) -> None:
    bench.upstream.script("short", Answer(("a ", "b "), delay=0.01))
    assistant = await bench.client.create_assistant(one_prompt("short"))
    body = json.dumps({"assistantId": assistant, "inputs": {}}).encode()
    key = bench.client.headers["Authorization"]
    head = f"POST /api/executions HTTP/1.1\r\nHost: test\r\nAuthorization: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    before = len(await listed(bench))
    for length in (*range(len(head) - 20, len(request), 7), *[len(request)] * 20):
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.node.port)
        writer.write(request[:length])
        await writer.drain()
        writer.transport.abort()
        del reader
    while True:
        runs = (await listed(bench))[: -before or None]
        for run in runs:
            ended = await bench.client.follow(Received(run))
            assert (ended.events[-1]["status"], ended.text("only"), ended.problems()) == ("completed", "a b ", [])
        # What was broken off while it waited for its turn may be stored after the list was made.
        if bench.upstream.hits["short"] == len(runs):
            break
    assert len(runs) <= 20, "half a request starts nothing"


async def listed(bench: Bench) -> list[str]:
    """The ids of all runs, newest first."""
    url = f"{bench.client.base_url}/api/executions"
    async with bench.client.session.get(url, params={"limit": "100"}, headers=bench.client.headers) as answer:
        return [run["id"] for run in (await answer.json())["items"]]


async def test_who_gave_up_waiting_gets_the_same_run_when_asking_again_after_its_end(bench: Bench) -> None:
    assistant = await bench.client.create_assistant(one_prompt("words"))
    url = f"{bench.client.base_url}/api/assistant-architect/stream"
    request: dict[str, Any] = {
        "json": {"assistantId": assistant, "inputs": {}},
        "headers": {**bench.client.headers, "Idempotency-Key": "asked-again"},
    }
    async with bench.client.session.post(url, **request) as answer:
        first = answer.headers["X-Execution-Id"]
        await answer.content.readuntil(b"event: prompt.delta")
        answer.close()
    finished = await bench.client.follow(Received(first))
    async with bench.client.session.post(url, **request) as answer:
        again = Received(answer.headers["X-Execution-Id"])
        for block in (await answer.read()).split(b"\n\n"):
            again.take(block)
    assert again.execution_id == first
    assert (again.events, again.problems()) == (finished.events, [])
    assert again.events[-1]["status"] == "completed"
    assert bench.upstream.hits["words"] == 1

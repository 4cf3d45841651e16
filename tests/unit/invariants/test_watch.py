"""Each invariant, broken once on a running server, is told with its number; an unbroken server has no problem."""

from __future__ import annotations

import asyncio
import io
import socket
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import aiohttp
import pytest

from app.db.url import sqlite_path
from tests.support.fault_upstream import FaultUpstream
from tests.support.invariants import at_rest, watch
from tests.support.invariants.loop_probe import TICK_SECONDS
from tests.support.invariants.watch import Watch
from tests.support.invariants.watched_service import ServiceSubject, probing
from tests.support.service import Person, Service, echo, running_service
from tests.support.tampering import tamper

SECRET = "sk-canary-of-the-watch"


class Bench:
    def __init__(self, service: Service, directory: Path) -> None:
        self.service = service
        self.answers = bytearray()
        self.log = io.StringIO()
        self.subject = ServiceSubject(service, lambda: running_service(directory, again=True), self.answers, self.log)
        self.watch = Watch(self.subject)
        service.secrets.append(SECRET)

    def tamper(self, statement: str) -> None:
        tamper(sqlite_path(self.subject.database_url), statement)

    async def broken(self) -> set[int]:
        """The numbers of the invariants that are broken."""
        return {int(problem.partition("invariant ")[2][0]) for problem in await self.watch.problems()}

    async def author(self) -> Person:
        return await self.service.person()


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(watch, "SETTLE_SECONDS", 0.3)
    monkeypatch.setattr(at_rest, "WAIT_SECONDS", 0.3)
    async with running_service(tmp_path) as service:
        bench = Bench(service, tmp_path)
        with probing(bench.subject.probe):
            await bench.watch.begin()
            async with bench.subject.later:
                yield bench


async def test_an_unbroken_server_has_no_problem_however_often_it_is_asked(bench: Bench) -> None:
    ada = await bench.author()
    await bench.service.run(ada, await bench.service.assistant(ada), topic="x")
    assert await bench.watch.problems() == []
    assert await bench.watch.problems() == []


async def test_a_server_that_has_stopped_is_started_again_for_its_control_run(bench: Bench) -> None:
    await bench.service.server.stop()
    assert await bench.watch.problems() == []


async def test_1_a_run_that_nobody_waited_for(bench: Bench) -> None:
    ada = await bench.author()
    assistant = await bench.service.assistant(ada, echo(content="a b c d e f", model="scripted/slow-9999"))
    body = {"assistantId": assistant.id, "inputs": {"topic": "x"}}
    answer = await bench.service.client.post("/api/executions", json=body, headers=ada.headers)
    assert 1 in await bench.broken()
    await bench.service.client.post(answer.json()["cancelUrl"], headers=ada.headers)
    assert await bench.broken() == set()


async def test_2_an_end_that_is_not_the_rows(bench: Bench) -> None:
    ada = await bench.author()
    await bench.service.run(ada, await bench.service.assistant(ada), topic="x")
    bench.tamper("UPDATE executions SET code = 'other'")
    assert await bench.broken() == {2}


async def test_4_a_transaction_left_open(bench: Bench) -> None:
    with closing(sqlite3.connect(sqlite_path(bench.subject.database_url), isolation_level=None)) as database:
        database.execute("BEGIN")
        database.execute("SELECT count(*) FROM users").fetchall()
        assert await bench.broken() == {4}
    assert await bench.broken() == set()


async def test_3_a_number_that_is_missing(bench: Bench) -> None:
    ada = await bench.author()
    await bench.service.run(ada, await bench.service.assistant(ada), topic="x")
    bench.tamper("DELETE FROM events WHERE seq = 2")
    assert await bench.broken() == {3}


async def test_5_an_answer_left_under_way(bench: Bench) -> None:
    async with FaultUpstream() as upstream, aiohttp.ClientSession() as session:
        bench.subject.upstream = upstream
        url = f"{upstream.base_url}/chat/completions"
        answer = await session.post(url, json={"model": "fault-silence-after-headers"})
        assert 5 in await bench.broken()
        answer.close()
        assert 5 not in await bench.broken()


async def test_6_tasks_left_behind(bench: Bench) -> None:
    async with AsyncExitStack() as later:
        tasks = [asyncio.ensure_future(asyncio.sleep(60)) for _ in range(4)]
        later.push_async_callback(lambda: asyncio.gather(*tasks, return_exceptions=True))
        for task in tasks:
            later.callback(task.cancel)
        assert await bench.broken() == {6}


async def test_6_files_and_connections_left_behind(bench: Bench, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = [socket.create_connection(listener.getsockname()) for _ in range(6)]
        theirs = [listener.accept()[0] for _ in ours]
        assert await bench.broken() == set(), "an open connection may be somebody's who uses it"
        for one in theirs:
            one.close()
        assert await bench.broken() == {6}, "its peer has left, and nobody noticed"
        for one in ours:
            one.close()
    files = [(tmp_path / "kept").open("ab") for _ in range(6)]
    assert await bench.broken() == {6}
    for file in files:
        file.close()
    assert await bench.broken() == set()


async def test_7_a_secret_in_the_log(bench: Bench) -> None:
    bench.log.write(f"calling with {SECRET}")
    assert await bench.broken() == {7}


async def test_7_a_secret_in_an_answer(bench: Bench) -> None:
    bench.answers.extend(f'{{"detail": "{SECRET}"}}'.encode())
    assert await bench.broken() == {7}


async def test_7_a_secret_in_an_event(bench: Bench) -> None:
    ada = await bench.author()
    await bench.service.run(ada, await bench.service.assistant(ada), topic=SECRET)
    assert await bench.broken() == {7}


@pytest.mark.parametrize("waits", [(0.2,) * 4, (1.0,)], ids=["again and again", "once and long"])
async def test_8_a_loop_that_was_held(bench: Bench, waits: tuple[float, ...]) -> None:
    for seconds in waits:
        await asyncio.sleep(2 * TICK_SECONDS)
        time.sleep(seconds)  # noqa: ASYNC251 -- this is what is not to be done
        await asyncio.sleep(2 * TICK_SECONDS)
    assert await bench.broken() == {8}


async def test_9_a_server_that_runs_nothing_more(bench: Bench) -> None:
    bench.subject.control_model = "scripted/fault-400"
    bench.watch = Watch(bench.subject)
    await bench.watch.begin()
    assert await bench.broken() == {9}

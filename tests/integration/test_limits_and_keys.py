"""Keys that make a start safe to repeat, limits that hold, files from elsewhere, and a stop that loses nothing."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lib.streaming.types import AssistantId, WorkerId
from tests.support.fault_upstream import Answer
from tests.support.node_bench import Bench, chain, running_bench, step
from tests.support.node_storage import accept, storage_of
from tests.support.stream_client import Received

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAMPLE = Path(__file__).parents[1] / "support" / "assistants-export.json"
FIELD = {"name": "n", "type": "short_text", "label": "N", "required": True}
LIMIT = 3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with running_bench(tmp_path_factory.mktemp("node")) as bench:
        yield bench


class Answered:
    """Status, headers and JSON of one answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: dict[str, Any]) -> None:
        self.status = status
        self.headers = headers
        self.body = body


async def post(bench: Bench, path: str, body: object, **headers: str) -> Answered:
    client = bench.client
    given = {**client.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with client.session.post(f"{client.base_url}{path}", json=body, headers=given) as answer:
        return Answered(answer.status, answer.headers, await answer.json(content_type=None))


async def start(bench: Bench, assistant: str, n: str = "1", **headers: str) -> Answered:
    return await post(bench, "/api/executions", {"assistantId": assistant, "inputs": {"n": n}}, **headers)


def counted(model: str) -> dict[str, object]:
    return chain([step("only", model, content="{{ n }}")], fields=[FIELD])


async def test_twenty_equal_starts_in_one_moment_are_one_execution_and_one_call(bench: Bench) -> None:
    assistant = await bench.client.create_assistant(counted("once"))
    answers = await asyncio.gather(*(start(bench, assistant, Idempotency_Key="k-46") for _ in range(20)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body["id"] for answer in answers}) == 1
    await bench.client.follow(Received(answers[0].body["id"]))
    again = await start(bench, assistant, Idempotency_Key="k-46")
    assert (again.body["id"], again.body["status"]) == (answers[0].body["id"], "completed")
    assert bench.upstream.hits["once"] == 1


async def test_a_key_with_another_body_is_refused_and_one_that_failed_validation_is_free(bench: Bench) -> None:
    assistant = await bench.client.create_assistant(counted("other"))
    refused = await post(bench, "/api/executions", {"assistantId": assistant}, Idempotency_Key="k-47")
    assert (refused.status, refused.body["code"]) == (422, "invalid_input")
    taken = await start(bench, assistant, Idempotency_Key="k-47")
    assert taken.status == 202
    conflict = await start(bench, assistant, "2", Idempotency_Key="k-47")
    assert (conflict.status, conflict.body["code"]) == (422, "idempotency_conflict")
    await bench.client.follow(Received(taken.body["id"]))
    assert bench.upstream.hits["other"] == 1


async def test_an_imported_assistant_runs(bench: Bench) -> None:
    file = SAMPLE.read_bytes()
    url = f"{bench.client.base_url}/api/assistants/import"
    headers = {**bench.client.headers, "Content-Type": "application/json"}
    asked = bench.client.session.post(url, params={"model": "openai/imported"}, data=file, headers=headers)
    async with asked as answer:
        assert answer.status == 200, await answer.text()
        told = await answer.json()
    lesson = next(one for one in told["imported"] if one["name"] == "Lesson Plan Builder")
    inputs = {"grade": "3-5", "topic": "fractions", "standards": ["CCSS.3.NF"], "notes": "none"}
    run = await bench.client.follow(await bench.client.start(lesson["id"], inputs))
    assert run.events[-1]["status"] == "completed", run.events[-1]
    sent = [request.body["messages"][-1]["content"] for request in bench.upstream.requests]
    assert any("grade 3-5 about fractions" in text for text in sent)
    assert any("Plan: one two three" in text and "First result again: one two three" in text for text in sent)


async def admitted(bench: Bench, assistant: str) -> list[str]:
    """The ids of those that got a slot, of twenty that ask at once; the others are told why not and when to ask."""
    answers = await asyncio.gather(*(start(bench, assistant) for _ in range(20)))
    refused = [answer for answer in answers if answer.status != 202]
    assert {(one.status, one.body["code"]) for one in refused} <= {(429, "too_many_executions")}
    assert all(int(one.headers["Retry-After"]) > 0 for one in refused)
    return [answer.body["id"] for answer in answers if answer.status == 202]


@pytest_asyncio.fixture(loop_scope="module")
async def narrow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """Three slots a user, and runs that are given up with their second worker."""
    settings = {"AA_MAX_CONCURRENT_EXECUTIONS": str(LIMIT), "AA_LEASE_SECONDS": "2", "AA_MAX_TAKEOVERS": "2"}
    async with running_bench(tmp_path_factory.mktemp("slots"), **settings) as bench:
        bench.upstream.script("held", Answer(("a ",) * 10_000, delay=0.02))
        yield bench


async def test_three_of_twenty_get_a_slot_and_a_stop_gives_it_back(narrow: Bench) -> None:
    held = await narrow.client.create_assistant(counted("held"))
    for _ in range(2):
        runs = await admitted(narrow, held)
        assert len(runs) == LIMIT
        assert (await start(narrow, held)).status == 429
        await asyncio.gather(*(narrow.stop(run) for run in runs))


async def test_a_run_that_survives_a_kill_keeps_its_slot_and_one_that_does_not_gives_it_back(narrow: Bench) -> None:
    held = await narrow.client.create_assistant(counted("held"))
    runs = [Received(run) for run in await admitted(narrow, held)]
    for events_per_life in (3, 3):
        goals = [run.last + events_per_life for run in runs]
        await asyncio.gather(*(narrow.client.follow(run, until=goal) for run, goal in zip(runs, goals, strict=True)))
        assert await admitted(narrow, held) == []
        narrow.node.kill()
        await narrow.node.start()
    for run in await asyncio.gather(*(narrow.client.follow(run) for run in runs)):
        assert (run.events[-1]["status"], run.events[-1]["code"]) == ("failed", "worker_lost")
        assert run.problems() == []
    again = await admitted(narrow, held)
    assert len(again) == LIMIT
    await asyncio.gather(*(narrow.stop(run) for run in again))


async def test_slots_come_back_when_a_lease_lapses_though_nobody_was_killed(narrow: Bench) -> None:
    plain = await narrow.client.create_assistant(counted("plain"))
    runs = [await held_by_somebody_else(narrow, AssistantId(plain), lease_seconds=2) for _ in range(LIMIT)]
    assert await admitted(narrow, plain) == []
    for run in runs:
        taken_over = await narrow.client.follow(Received(run))
        assert taken_over.events[-1]["status"] == "completed"
    again = await admitted(narrow, plain)
    assert len(again) == LIMIT
    await asyncio.gather(*(narrow.client.follow(Received(run)) for run in again))


async def held_by_somebody_else(bench: Bench, assistant_id: AssistantId, lease_seconds: float) -> str:
    """A run that a worker took and then forgot."""
    async with storage_of(bench.data_dir) as storage:
        run = await accept(storage, assistant_id)
        assert await storage.execution_store.claim(run, WorkerId("somebody else"), lease_seconds) is not None
    return run


async def test_starts_beyond_the_rate_are_told_when_to_come_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running_bench(tmp_path_factory.mktemp("rate"), AA_RATE_LIMIT_STARTS="3/minute") as bench:
        assistant = await bench.client.create_assistant(counted("rated"))
        answers = [await start(bench, assistant) for _ in range(5)]
        assert [answer.status for answer in answers] == [202, 202, 202, 429, 429]
        assert all("q=3;w=60" in answer.headers["RateLimit-Policy"] for answer in answers)
        assert [f"r={left};" in answers[2 - left].headers["RateLimit"] for left in (2, 1, 0)] == [True] * 3
        for answer in answers[3:]:
            assert answer.body["code"] == "rate_limited"
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
        for answer in answers[:3]:
            run = await bench.client.follow(Received(answer.body["id"]))
            assert run.events[-1]["status"] == "completed"
        assert bench.upstream.hits["rated"] == 3


async def cut_off(bench: Bench, run: Received) -> bytes:
    """All that one connection brings, to its clean end."""
    url = f"{bench.client.base_url}/api/executions/{run.execution_id}/events"
    async with bench.client.session.get(url, headers=bench.client.headers) as answer:
        body = await answer.read()
    for block in body.split(b"\n\n"):
        run.take(block)
    return body


async def test_twenty_streams_survive_a_stop_of_the_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running_bench(tmp_path_factory.mktemp("drain"), AA_DRAIN_SECONDS="1") as bench:
        words = tuple(f"word{number} " for number in range(60))
        bench.upstream.script("long", Answer(words, delay=0.05))
        prompts = [step("first", "plain"), step("second", "long", 1), step("third", "plain", 2)]
        assistant = await bench.client.create_assistant(chain(prompts))
        runs = [await bench.client.start(assistant, {}) for _ in range(20)]
        streams = [asyncio.ensure_future(cut_off(bench, run)) for run in runs]
        await asyncio.gather(*(bench.client.follow(Received(run.execution_id), until=9) for run in runs))
        began = time.monotonic()
        code = await bench.node.stop(signal.SIGTERM)
        assert (code, time.monotonic() - began <= 1 + 2) == (0, True), bench.node.log()
        for body in await asyncio.gather(*streams):
            assert body.rstrip().splitlines()[-2:][0] == b"event: server.draining"
        assert "Traceback" not in bench.node.log()
        await bench.node.start()
        for run in await asyncio.gather(*(bench.client.follow(run) for run in runs)):
            assert run.events[-1]["status"] == "completed"
            assert run.problems() == []
            assert [run.text(name) for name in ("first", "second", "third")] == [
                "one two three",
                "".join(words),
                "one two three",
            ]
        assert bench.upstream.hits["plain"] == 40, "a finished prompt is not asked again"

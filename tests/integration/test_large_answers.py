"""Much text, long tokens and odd characters: what is received, stored and sent on is what came, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from statistics import median

import psutil
import pytest
import pytest_asyncio

from tests.support.fault_upstream import Answer
from tests.support.node_bench import Bench, chain, one_prompt, running_bench, step
from tests.support.stream_client import Received

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024
#: Answers of 10 MB after which all caches are full, and those that follow. An allocator gives back late or early by the
#: size of one answer or two, so that only half of what they would add if each were kept tells anything.
WARM_UP, REPEATS = 5, 8
MOST_GROWTH = REPEATS * 10 * MIB // 2
ADVERSARIAL = "'\"` \\ \\n \\u0041 \0 \x1b[0m \r\n\t é😀👩‍👩‍👧 \u2028\u2029\ufeff ${x} {{ x }} {% if x %} {# x #} %s <b>&amp;&#x24; '; DROP TABLE users; --"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with running_bench(tmp_path_factory.mktemp("node")) as bench:
        yield bench


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def forgotten(bench: Bench) -> AsyncIterator[None]:
    """Every test reads back its own text only."""
    yield
    await bench.forget()


def same(one: str, other: str) -> bool:
    """Compared by digest, for pytest would explain ten million characters."""
    return hashlib.sha256(one.encode()).digest() == hashlib.sha256(other.encode()).digest()


async def output(bench: Bench, run: Received, prompt: int = 0) -> str:
    record = await bench.client.record(run.execution_id)
    return str(record["prompts"][prompt]["attempts"][-1]["output"])


@pytest.mark.parametrize(("mode", "size"), [("big-total", 10 * MIB), ("big-token", MIB)])
async def test_a_large_answer_arrives_and_is_stored_whole(bench: Bench, mode: str, size: int) -> None:
    run = await bench.run(one_prompt(f"fault-{mode}"))
    assert run.events[-1]["status"] == "completed"
    assert same(run.text("only"), "x" * size)
    assert same(await output(bench, run), "x" * size)
    assert max(len(event.get("text", "")) for event in run.events) <= 64 * 1024


async def test_a_large_answer_is_resumed_in_its_middle_live_and_stored(bench: Bench) -> None:
    texts = tuple(f"{number:07d} " * 2048 for number in range(640))
    bench.upstream.script("large", Answer(texts, usage=None))
    assistant = await bench.client.create_assistant(one_prompt("large"))
    run = await bench.client.start(assistant, {})
    for number in (5, 20, 40):
        await bench.client.follow(run, until=number)
    await bench.client.follow(run)
    assert same(run.text("only"), "".join(texts))
    assert same(await output(bench, run), "".join(texts))
    again = Received(run.execution_id)
    await bench.client.follow(again, until=run.last // 2)
    await bench.client.follow(again)
    assert again.last == run.last
    assert same(again.text("only"), "".join(texts))


async def test_memory_is_the_same_after_every_large_answer(bench: Bench) -> None:
    process = psutil.Process(bench.node.pid)
    resident = []
    for _ in range(WARM_UP + REPEATS):
        run = await bench.run(one_prompt("fault-big-total"))
        assert same(await output(bench, run), "x" * 10 * MIB)
        resident.append(process.memory_info().rss)
    assert median(resident[-3:]) - median(resident[WARM_UP - 3 : WARM_UP]) <= MOST_GROWTH, resident


async def test_above_the_cap_the_answer_is_cut_and_called_so(bench: Bench) -> None:
    run = await bench.run(one_prompt("fault-too-large"))
    last = run.events[-1]
    assert (last["status"], last["code"]) == ("failed", "output_too_large")
    kept = run.text("only")
    assert kept
    assert len(kept) <= 16 * MIB
    assert same(kept, await output(bench, run))


@pytest.mark.parametrize("mode", ["endless-line", "gzip"])
async def test_a_flood_that_is_no_answer_costs_no_memory(bench: Bench, mode: str) -> None:
    process = psutil.Process(bench.node.pid)
    before = process.memory_info().rss
    run = await bench.run(one_prompt(f"fault-{mode}"))
    assert run.events[-1]["code"] == "upstream_protocol"
    assert process.memory_info().rss - before <= 20 * MIB


async def test_an_assistant_without_fields_runs_without_inputs(bench: Bench) -> None:
    client = bench.client
    assistant = await client.create_assistant(one_prompt("plain"))
    for body in ({"assistantId": assistant}, {"assistantId": assistant, "inputs": {}}, {"toolId": assistant}):
        url = f"{client.base_url}/api/assistant-architect/stream"
        async with client.session.post(url, json=body, headers=client.headers) as answer:
            run = Received(answer.headers["X-Execution-Id"])
            for block in (await answer.read()).split(b"\n\n"):
                run.take(block)
        assert run.events[-1]["status"] == "completed"
        assert (await client.record(run.execution_id))["inputs"] == {}


async def test_odd_inputs_and_answers_go_through_three_prompts_unchanged(bench: Bench) -> None:
    bench.upstream.script("odd", Answer(tuple(ADVERSARIAL)))
    field = {"name": "x", "type": "long_text", "label": "X", "required": True}
    prompts = [
        step("one", "odd", 0, "${x}"),
        step("two", "odd", 1, "{{ x }}|{{ one }}"),
        step("three", "odd", 2, "${x}|${one}|{{ two }}"),
    ]
    assistant = await bench.client.create_assistant(chain(prompts, fields=[field]))
    before = len(bench.upstream.requests)
    run = await bench.client.follow(await bench.client.start(assistant, {"x": ADVERSARIAL}))
    assert run.events[-1]["status"] == "completed"
    sent = [request.body["messages"][-1]["content"] for request in bench.upstream.requests[before:]]
    assert sent == ["|".join([ADVERSARIAL] * count) for count in (1, 2, 3)]
    record = await bench.client.record(run.execution_id)
    assert record["inputs"] == {"x": ADVERSARIAL}
    for prompt, messages in zip(record["prompts"], sent, strict=True):
        assert prompt["attempts"][0]["messages"][-1]["content"] == messages
        assert prompt["attempts"][0]["output"] == ADVERSARIAL == run.text(prompt["promptId"])

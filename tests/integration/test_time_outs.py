"""Every clock that can be set stops something, in time, with its own code, and lets go of the model service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import pytest
import pytest_asyncio

from lib.streaming.types import AssistantId
from tests.support.fault_upstream import Answer
from tests.support.node_bench import Bench, chain, one_prompt, running_bench, step
from tests.support.node_storage import accept, storage_of
from tests.support.stream_client import Received

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST_TOKEN, IDLE, PROMPT, EXECUTION = 2.0, 2.2, 4.0, 6.0
THREE = "one two three"
#: How much later than set an ending may come.
LATE = 5.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    settings = {
        "AA_FIRST_TOKEN_TIMEOUT": str(FIRST_TOKEN),
        "AA_IDLE_TIMEOUT": str(IDLE),
        "AA_PROMPT_TIMEOUT": str(PROMPT),
        "AA_EXECUTION_TIMEOUT": str(EXECUTION),
    }
    async with running_bench(tmp_path_factory.mktemp("node"), **settings) as bench:
        bench.upstream.drip_seconds = 0.1
        bench.upstream.script("endless", Answer(("word ",) * 1000, delay=0.05))
        bench.upstream.script("nearly", Answer(("word ",) * 40, delay=0.05))
        yield bench


class Hang(NamedTuple):
    """A definition that does not end by itself, the clock that ends it, and after how many seconds."""

    definition: Mapping[str, object]
    code: str
    seconds: float


HANGS = {
    "silence before the headers": Hang(one_prompt("fault-silence-before-headers"), "first_token_timeout", FIRST_TOKEN),
    "silence after the headers": Hang(one_prompt("fault-silence-after-headers"), "first_token_timeout", FIRST_TOKEN),
    "a byte now and then": Hang(one_prompt("fault-drip-bytes"), "first_token_timeout", FIRST_TOKEN),
    "a comment now and then": Hang(one_prompt("fault-drip-comments"), "first_token_timeout", FIRST_TOKEN),
    "silence after three words": Hang(one_prompt("fault-silence-after-tokens"), "idle_timeout", IDLE),
    "an endless answer": Hang(one_prompt("endless"), "prompt_timeout", PROMPT),
    "many prompts": Hang(
        chain([step(f"s{number}", "nearly", number) for number in range(4)]), "execution_timeout", EXECUTION
    ),
    "the prompt's own first token": Hang(
        one_prompt("fault-silence-after-headers", timeouts={"firstToken": 0.9}), "first_token_timeout", 0.9
    ),
    "the prompt's own gap": Hang(one_prompt("fault-silence-after-tokens", timeouts={"idle": 0.2}), "idle_timeout", 0.2),
    "the prompt's own total": Hang(one_prompt("endless", timeouts={"total": 0.4}), "prompt_timeout", 0.4),
    "a total below the first token": Hang(
        one_prompt("fault-drip-comments", timeouts={"total": 0.3}), "prompt_timeout", 0.3
    ),
    "the assistant's own total": Hang(chain([step("only", "endless")], timeoutSeconds=0.8), "execution_timeout", 0.8),
}


@pytest.mark.parametrize("name", HANGS)
async def test_the_clock_that_is_reached_ends_the_run(bench: Bench, name: str) -> None:
    hang = HANGS[name]
    run = await bench.run(hang.definition)
    closed_after = await bench.upstream.closed(within=1)
    record = await bench.client.record(run.execution_id)
    last = run.events[-1]
    assert (last["status"], last["code"]) == ("timed_out", hang.code) == (record["status"], record["code"])
    assert hang.seconds <= last["durationMs"] / 1000 + 0.05
    assert last["durationMs"] / 1000 <= hang.seconds + LATE
    assert run.types.count("execution.finished") == 1
    assert run.types.count("prompt.retrying") == 0
    assert run.problems() == []
    assert closed_after <= 1


async def test_what_came_before_the_silence_is_kept(bench: Bench) -> None:
    run = await bench.run(one_prompt("fault-silence-after-tokens"))
    record = await bench.client.record(run.execution_id)
    attempt = record["prompts"][0]["attempts"][0]
    assert run.text("only") == attempt["output"] == THREE
    assert (attempt["status"], attempt["code"]) == ("timed_out", "idle_timeout")


async def test_a_time_out_side_by_side_leaves_the_other_result(bench: Bench) -> None:
    prompts = [step("hung", "fault-silence-after-headers"), step("fine", "fine")]
    run = await bench.run(chain(prompts, onError="continue"))
    assert (run.events[-1]["status"], run.events[-1]["code"]) == ("failed", "partial_failure")
    assert run.text("fine") == THREE


async def test_an_answer_within_all_clocks_is_left_alone(bench: Bench) -> None:
    run = await bench.run(one_prompt("nearly", timeouts={"total": 30, "idle": 10}))
    assert run.events[-1]["status"] == "completed"
    assert run.text("only") == "word " * 40


async def test_what_no_worker_took_in_time_is_told_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The server dies right after it accepted a run, and comes back when the run has waited too long."""
    data_dir = tmp_path_factory.mktemp("late")
    async with running_bench(data_dir, AA_QUEUE_TIMEOUT="0.1") as bench:
        assistant = await bench.client.create_assistant(one_prompt("never"))
        bench.node.kill()
        async with storage_of(data_dir) as storage:
            run = Received(await accept(storage, AssistantId(assistant)))
        await bench.node.start()
        await bench.client.follow(run)
        assert (run.events[-1]["status"], run.events[-1]["code"]) == ("timed_out", "queue_timeout")
        assert run.types == ["execution.queued", "execution.finished"]
        assert bench.upstream.hits["never"] == 0

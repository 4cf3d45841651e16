"""A model service fails in every way it can: one documented ending each, no secret anywhere, nothing else lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lib.streaming.types import FinishReason
from tests.support.fault_modes import CANARY
from tests.support.fault_upstream import FaultUpstream
from tests.support.node_bench import Bench, chain, one_prompt, running_bench, step
from tests.support.stream_client import Received
from tests.support.upstream_faults import FAULTS, Outcome

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = {"unreachable", "big-token", "big-total", "too-large"}
OVER_HTTP = {name: outcome for name, outcome in FAULTS.items() if name not in ELSEWHERE}
#: What a provider may ask a caller to wait before it is not worth the wait.
LONGEST_WAIT = 120.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with running_bench(tmp_path_factory.mktemp("node")) as bench:
        yield bench


def ending(outcome: Outcome) -> tuple[str, str | None, str]:
    """Status, code and text of an execution whose only prompt goes like this."""
    if outcome.code is not None:
        return "failed", outcome.code, outcome.text
    if outcome.finish is FinishReason.CONTENT_FILTER:
        return "failed", "content_filtered", outcome.text
    return ("completed", None, outcome.text) if outcome.text else ("failed", "empty_output", "")


def attempts(outcome: Outcome) -> int:
    """Only what fails before its first token, and may go better soon, is tried again."""
    again = outcome.retryable and not outcome.text and (outcome.retry_after or 0.0) <= LONGEST_WAIT
    return 3 if again else 1


def seen(run: Received, record: dict[str, object]) -> tuple[object, ...]:
    last = run.events[-1]
    assert run.problems() == []
    assert (last["status"], last.get("code"), last.get("message")) == (
        record["status"],
        record["code"],
        record["message"],
    )
    return last["status"], last.get("code"), run.text("only")


async def test_every_fault_ends_as_documented_in_the_event_and_in_the_row(bench: Bench) -> None:
    before = bench.upstream.hits.copy()
    async with FaultUpstream() as second_origin:
        bench.upstream.redirect_to = f"{second_origin.base_url}/chat/completions"
        runs = await asyncio.gather(*(bench.run(one_prompt(f"fault-{name}")) for name in OVER_HTTP))
        assert second_origin.requests == []
    records = {name: await bench.client.record(run.execution_id) for name, run in zip(OVER_HTTP, runs, strict=True)}
    found = {name: seen(run, records[name]) for name, run in zip(OVER_HTTP, runs, strict=True)}
    assert found == {name: ending(outcome) for name, outcome in OVER_HTTP.items()}
    tried = {name: len(record["prompts"][0]["attempts"]) for name, record in records.items()}
    assert tried == {name: attempts(outcome) for name, outcome in OVER_HTTP.items()}
    # A kept connection that the service closes just when it is used again is replaced: that call may come twice.
    hits = {name: (bench.upstream.hits - before)[f"fault-{name}"] for name in OVER_HTTP}
    assert all(tried[name] <= hits[name] <= tried[name] + 1 for name in OVER_HTTP), (hits, tried)
    assert CANARY not in json.dumps([[run.events for run in runs], records])
    assert faults_of_ours(bench) == []


def faults_of_ours(bench: Bench) -> list[str]:
    """What the server's log calls an error: nothing that a model service or a client does is one."""
    return [line for line in bench.node.log().splitlines() if " ERROR " in line or line.startswith("Traceback")]


async def test_an_answer_that_ends_unusually_is_flagged(bench: Bench) -> None:
    for mode, code in (("length", "output_truncated"), ("unknown-finish", "unusual_finish")):
        run = await bench.run(one_prompt(f"fault-{mode}"))
        assert [event["code"] for event in run.events if event["type"] == "warning"] == [code]


async def test_a_fault_that_passes_is_tried_again_and_told(bench: Bench) -> None:
    run = await bench.run(one_prompt("fault-503-times-2"))
    assert run.events[-1]["status"] == "completed"
    assert [e["code"] for e in run.events if e["type"] == "prompt.retrying"] == ["upstream_overloaded"] * 2
    assert run.text("only") == "one two three"


async def test_a_date_in_retry_after_is_waited_for(bench: Bench) -> None:
    run = await bench.run(one_prompt("fault-429-after-date"))
    assert run.events[-1]["code"] == "upstream_rate_limited"
    waits = [event["delayMs"] for event in run.events if event["type"] == "prompt.retrying"]
    assert len(waits) == 2
    assert max(waits) >= 500, waits


async def test_continue_keeps_every_other_result_and_ends_as_a_partial_failure(bench: Bench) -> None:
    prompts = [step("first", "fine"), step("broken", "fault-400", 1), step("last", "fine", 2, "After {{ first }}")]
    run = await bench.run(chain(prompts, onError="continue"))
    assert (run.events[-1]["status"], run.events[-1]["code"]) == ("failed", "partial_failure")
    assert [run.text(name) for name in ("first", "broken", "last")] == ["one two three", "", "one two three"]
    record = await bench.client.record(run.execution_id)
    assert [prompt["attempts"][-1]["status"] for prompt in record["prompts"]] == ["completed", "failed", "completed"]


async def test_stop_skips_what_comes_after_the_failure(bench: Bench) -> None:
    calls = bench.upstream.hits["never"]
    run = await bench.run(chain([step("broken", "fault-400"), step("later", "never", 1)]))
    assert (run.events[-1]["status"], run.events[-1]["code"]) == ("failed", "upstream_rejected")
    record = await bench.client.record(run.execution_id)
    assert [prompt["attempts"][-1]["status"] for prompt in record["prompts"]] == ["failed", "skipped"]
    assert bench.upstream.hits["never"] == calls


@pytest.mark.parametrize("on_error", ["stop", "continue"])
async def test_one_of_three_side_by_side_fails_and_only_that_one_is_blamed(bench: Bench, on_error: str) -> None:
    prompts = [step("left", "fine"), step("broken", "fault-cut"), step("right", "fine")]
    run = await bench.run(chain(prompts, onError=on_error))
    finished = {e["promptId"]: (e["status"], e.get("code")) for e in run.events if e["type"] == "prompt.finished"}
    assert finished == {
        "left": ("completed", None),
        "broken": ("failed", "upstream_incomplete"),
        "right": ("completed", None),
    }
    record = await bench.client.record(run.execution_id)
    outputs = {prompt["promptId"]: prompt["attempts"][-1]["output"] for prompt in record["prompts"]}
    assert outputs == dict.fromkeys(("left", "broken", "right"), "one two three")
    assert record["code"] == ("upstream_incomplete" if on_error == "stop" else "partial_failure")


async def test_what_is_refused_shows_no_secret(bench: Bench) -> None:
    client = bench.client
    asks = [("POST", "/api/executions", "{"), ("GET", "/api/executions/none", ""), ("GET", "/nowhere", "")]
    for method, path, body in asks:
        url = f"{client.base_url}{path}"
        async with client.session.request(method, url, data=body, headers=client.headers) as answer:
            assert answer.content_type == "application/problem+json"
            assert CANARY not in await answer.text()
    assert CANARY not in bench.node.log()
    assert faults_of_ours(bench) == []


async def test_a_service_that_is_not_there_is_told_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    gone = "http://127.0.0.1:9/v1"
    async with running_bench(tmp_path_factory.mktemp("alone"), OPENAI_BASE_URL=gone) as bench:
        run = await bench.run(one_prompt("any"))
        assert run.events[-1]["code"] == FAULTS["unreachable"].code
        assert run.types.count("prompt.retrying") == 2

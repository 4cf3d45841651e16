"""What happens to an execution, seen from its row and its events."""

from __future__ import annotations

import asyncio
import gc
import weakref

import msgspec
import pytest

from lib.streaming.definition import Timeouts
from lib.streaming.errors import StorageUnavailable, UpstreamFailure
from lib.streaming.execution_manager.receipt import StopOutcome
from lib.streaming.ports.job_queue import Outcome
from lib.streaming.ports.models import UsageReport
from lib.streaming.types import (
    EndedBy,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    OnError,
    PromptId,
    PromptStatus,
    Usage,
    WorkerId,
)
from tests.support.engine import Engine, chain
from tests.support.fake_clock import FakeClock, settle
from tests.support.slow_store import SlowStore

RUN = ExecutionId("run-1")


def types(engine: Engine) -> list[str]:
    return [str(type(event).__struct_config__.tag) for event in engine.events()]


async def test_a_chain_feeds_each_output_to_the_next_prompt_and_ends_completed() -> None:
    definition = chain("draft", "final")
    final = msgspec.structs.replace(definition.prompts[1], content="improve {draft}")
    definition = msgspec.structs.replace(definition, prompts=(definition.prompts[0], final))
    async with Engine() as engine:
        await engine.start(definition)
        await engine.provider.streams[0].text("one ", "two")
        await engine.provider.streams[0].finish()
        assert engine.provider.streams[1].prompt == "improve one two"
        await engine.provider.streams[1].text("done")
        await engine.provider.streams[1].finish()
        assert engine.row().status is ExecutionStatus.COMPLETED
        assert engine.problems() == []
        assert types(engine) == [
            "execution.queued", "execution.started",
            "prompt.started", "prompt.delta", "prompt.delta", "prompt.finished",
            "prompt.started", "prompt.delta", "prompt.finished",
            "execution.finished",
        ]  # fmt: skip


async def test_prompts_of_one_position_run_together_and_the_next_waits_for_all() -> None:
    async with Engine() as engine:
        await engine.start(chain(("a", 0), ("b", 0), ("c", 5)))
        assert [stream.prompt for stream in engine.provider.streams] == ["do a", "do b"]
        await engine.provider.by_prompt("do b").text("B")
        await engine.provider.by_prompt("do b").finish()
        assert len(engine.provider.streams) == 2
        await engine.provider.by_prompt("do a").text("A")
        await engine.provider.by_prompt("do a").finish()
        await engine.provider.by_prompt("do c").text("C")
        await engine.provider.by_prompt("do c").finish()
        assert engine.row().status is ExecutionStatus.COMPLETED
        assert engine.problems() == []


async def test_a_prompt_is_asked_only_when_the_end_of_the_one_before_is_committed() -> None:
    clock = FakeClock()
    store = SlowStore(clock)
    async with Engine(store=store, clock=clock) as engine:
        await engine.start(chain("draft", "final"))
        await engine.provider.streams[0].text("paid for")
        store.gate.clear()
        await engine.provider.streams[0].finish()
        asked_meanwhile = len(engine.provider.streams)
        store.gate.set()
        await settle()
        assert asked_meanwhile == 1
        assert [stream.prompt for stream in engine.provider.streams] == ["do draft", "do final"]
        ended = engine.row().attempts[PromptId("draft"), 1].ended
        assert ended is not None
        assert (ended.status, ended.output) == (PromptStatus.COMPLETED, "paid for")


async def test_a_failure_stops_the_chain_after_its_siblings_settled_and_the_rest_is_skipped() -> None:
    async with Engine() as engine:
        await engine.start(chain(("a", 0), ("b", 0), ("c", 1)))
        await engine.provider.by_prompt("do a").text("partial")
        await engine.provider.by_prompt("do a").fail(UpstreamFailure("cut", code="upstream_disconnected"))
        assert engine.row().status is ExecutionStatus.RUNNING
        await engine.provider.by_prompt("do b").text("B")
        await engine.provider.by_prompt("do b").finish()
        row = engine.row()
        assert row.ended is not None
        assert (row.status, row.ended.code) == (ExecutionStatus.FAILED, "upstream_disconnected")
        ends = {str(prompt): attempt.ended for (prompt, _), attempt in row.attempts.items() if attempt.ended}
        assert {p: e.status for p, e in ends.items()} == {
            "a": PromptStatus.FAILED,
            "b": PromptStatus.COMPLETED,
            "c": PromptStatus.SKIPPED,
        }
        assert ends["a"].output == "partial"
        assert engine.problems() == []


async def test_on_error_continue_keeps_the_other_results_and_ends_as_partial_failure() -> None:
    async with Engine() as engine:
        await engine.start(chain("a", "b", on_error=OnError.CONTINUE))
        await engine.provider.streams[0].fail(UpstreamFailure("no", code="upstream_rejected"))
        await engine.provider.streams[1].text("B")
        await engine.provider.streams[1].finish()
        ended = engine.row().ended
        assert ended is not None
        assert (ended.status, ended.code) == (ExecutionStatus.FAILED, "partial_failure")
        assert engine.text("b") == "B"
        assert engine.problems() == []


async def test_a_stop_closes_the_upstream_keeps_the_text_and_says_so() -> None:
    async with Engine() as engine:
        await engine.start(chain("a", "b"))
        await engine.provider.streams[0].text("half ", "a text")
        receipt = await engine.service.cancel(RUN, EndedBy.USER)
        assert receipt is not None
        assert receipt.outcome is StopOutcome.STOPPED
        assert (receipt.status, receipt.upstream_closed, receipt.kept_chars) == (ExecutionStatus.CANCELLED, True, 11)
        assert engine.provider.open_streams == 0
        row = engine.row()
        ended = row.attempts[PromptId("a"), 1].ended
        assert ended is not None
        assert ended.output == engine.text("a") == "half a text"
        assert engine.problems() == []
        again = await engine.service.cancel(RUN, EndedBy.USER)
        assert again is not None
        assert (again.outcome, again.kept_chars) == (StopOutcome.ALREADY_FINISHED, 11)


async def test_a_stop_before_the_start_never_calls_a_model() -> None:
    async with Engine(claim_at_start=False) as engine:
        engine.queue.paused = True
        await engine.start(chain("a"))
        receipt = await engine.service.cancel(RUN, EndedBy.USER)
        assert receipt is not None
        assert receipt.outcome is StopOutcome.STOPPED_BEFORE_START
        assert engine.provider.streams == []
        assert types(engine) == ["execution.queued", "execution.finished"]
        assert engine.problems() == []


async def test_a_stop_of_an_execution_whose_owner_is_lost_ends_it_and_says_so() -> None:
    async with Engine(claim_at_start=False) as engine:
        engine.queue.paused = True
        await engine.start(chain("a"))
        await engine.store.claim(RUN, WorkerId("dead"), 0)
        receipt = await engine.service.cancel(RUN, EndedBy.USER)
        assert receipt is not None
        assert (receipt.outcome, receipt.status) == (StopOutcome.OWNER_LOST, ExecutionStatus.CANCELLED)
        assert receipt.upstream_closed
        assert engine.row().status is ExecutionStatus.CANCELLED
        assert engine.problems() == []


async def test_a_stop_of_an_unknown_execution_says_there_is_none() -> None:
    async with Engine() as engine:
        assert await engine.service.cancel(ExecutionId("nobody"), EndedBy.USER) is None


@pytest.mark.parametrize(
    ("texts", "wait", "code"),
    [((), 60, "first_token_timeout"), (("x",), 45, "idle_timeout")],
)
async def test_each_clock_ends_the_prompt_with_its_own_code(texts: tuple[str, ...], wait: float, code: str) -> None:
    async with Engine(first_token_timeout=60, idle_timeout=45, prompt_timeout=300) as engine:
        await engine.start(chain("a"))
        await engine.provider.streams[0].text(*texts)
        await engine.clock.advance(wait - 1)
        assert engine.row().status is ExecutionStatus.RUNNING
        await engine.clock.advance(1)
        ended = engine.row().ended
        assert ended is not None
        assert (ended.status, ended.code, ended.ended_by) == (ExecutionStatus.TIMED_OUT, code, EndedBy.TIMEOUT)
        assert engine.provider.open_streams == 0
        assert engine.problems() == []


async def test_the_prompt_total_counts_although_tokens_keep_coming() -> None:
    async with Engine(idle_timeout=10, prompt_timeout=25) as engine:
        await engine.start(chain("a"))
        for _ in range(5):
            await engine.provider.streams[0].text("x")
            await engine.clock.advance(5)
        ended = engine.row().ended
        assert ended is not None
        assert ended.code == "prompt_timeout"


async def test_empty_deltas_never_reset_the_token_clocks() -> None:
    async with Engine(first_token_timeout=10) as engine:
        await engine.start(chain("a"))
        for _ in range(4):
            await engine.clock.advance(3)
            await engine.provider.streams[0].deltas()
            await engine.provider.streams[0].text("")
        ended = engine.row().ended
        assert ended is not None
        assert ended.code == "first_token_timeout"


async def test_a_prompt_s_own_clock_wins_over_the_deployment_s() -> None:
    definition = chain("a")
    prompt = msgspec.structs.replace(definition.prompts[0], timeouts=Timeouts(first_token=2))
    async with Engine(first_token_timeout=60) as engine:
        await engine.start(msgspec.structs.replace(definition, prompts=(prompt,)))
        await engine.clock.advance(2)
        assert engine.row().ended is not None


async def test_the_execution_s_clock_ends_whatever_runs() -> None:
    async with Engine(idle_timeout=1000, prompt_timeout=1000, first_token_timeout=1000) as engine:
        await engine.start(chain("a", "b", timeout_seconds=90))
        await engine.provider.streams[0].text("some")
        await engine.clock.advance(90)
        row = engine.row()
        assert row.ended is not None
        assert (row.ended.status, row.ended.code) == (ExecutionStatus.TIMED_OUT, "execution_timeout")
        assert engine.provider.open_streams == 0
        assert engine.problems() == []


async def test_an_execution_that_waited_too_long_in_the_queue_is_ended_without_a_call() -> None:
    async with Engine(queue_timeout=30, claim_at_start=False) as engine:
        engine.queue.paused = True
        await engine.start(chain("a"))
        await engine.clock.advance(40)
        ended = engine.row().ended
        assert ended is not None
        assert ended.code == "queue_timeout"
        assert engine.provider.streams == []


async def test_a_retryable_refusal_before_the_first_token_becomes_a_new_attempt() -> None:
    async with Engine() as engine:
        engine.provider.refusals = [UpstreamFailure("busy", code="upstream_rate_limited", retryable=True)]
        await engine.start(chain("a"))
        assert "execution.waiting" in types(engine)
        await engine.clock.advance(1)
        await engine.provider.streams[0].text("ok")
        await engine.provider.streams[0].finish()
        assert engine.row().status is ExecutionStatus.COMPLETED
        assert [number for _, number in engine.row().attempts] == [1, 2]
        assert engine.problems() == []


async def test_after_the_first_token_a_cut_is_not_tried_again() -> None:
    async with Engine() as engine:
        await engine.start(chain("a"))
        await engine.provider.streams[0].text("some")
        cut = UpstreamFailure("cut", code="upstream_disconnected", retryable=True)
        await engine.provider.streams[0].fail(cut)
        assert len(engine.provider.streams) == 1
        assert engine.row().status is ExecutionStatus.FAILED


async def test_fallback_models_come_after_the_tries_of_the_first() -> None:
    definition = chain("a")
    prompt = msgspec.structs.replace(definition.prompts[0], model="gone/x", fallback_models=("hand/second",))
    async with Engine() as engine:
        await engine.start(msgspec.structs.replace(definition, prompts=(prompt,)))
        await engine.provider.streams[0].text("ok")
        await engine.provider.streams[0].finish()
        assert engine.provider.streams[0].request.model == "second"
        assert engine.row().status is ExecutionStatus.COMPLETED
        assert engine.problems() == []


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        (FinishReason.LENGTH, ExecutionStatus.COMPLETED, None),
        (FinishReason.OTHER, ExecutionStatus.COMPLETED, None),
        (FinishReason.CONTENT_FILTER, ExecutionStatus.FAILED, "content_filtered"),
    ],
)
async def test_an_unusual_finish_is_never_silent(
    reason: FinishReason, status: ExecutionStatus, code: str | None
) -> None:
    async with Engine() as engine:
        await engine.start(chain("a"))
        await engine.provider.streams[0].text("some")
        await engine.provider.streams[0].finish(reason)
        ended = engine.row().ended
        assert ended is not None
        assert (ended.status, ended.code) == (status, code)
        assert code is not None or "warning" in types(engine)
        assert engine.problems() == []


async def test_an_answer_without_a_finish_signal_is_not_complete() -> None:
    async with Engine() as engine:
        await engine.start(chain("a"))
        await engine.provider.streams[0].text("some")
        await engine.provider.streams[0].end()
        ended = engine.row().ended
        assert ended is not None
        assert ended.code == "upstream_incomplete"


async def test_an_answer_without_text_is_a_failure() -> None:
    async with Engine() as engine:
        await engine.start(chain("a"))
        await engine.provider.streams[0].finish()
        ended = engine.row().ended
        assert ended is not None
        assert ended.code == "empty_output"


async def test_a_template_that_cannot_be_rendered_fails_its_prompt_without_a_call() -> None:
    definition = chain("a")
    prompt = msgspec.structs.replace(definition.prompts[0], content="broken")
    async with Engine() as engine:
        await engine.start(msgspec.structs.replace(definition, prompts=(prompt,)))
        ended = engine.row().ended
        assert ended is not None
        assert ended.code == "template_error"
        assert engine.provider.streams == []
        assert engine.problems() == []


async def test_usage_comes_from_the_provider_or_is_an_estimate_but_never_zero() -> None:
    async with Engine() as engine:
        await engine.start(chain("a", "b"))
        await engine.provider.streams[0].text("some text")
        await engine.provider.streams[0].deltas(UsageReport(Usage(10, 5, 15)))
        await engine.provider.streams[0].finish()
        await engine.provider.streams[1].text("some more text")
        await engine.service.cancel(RUN, EndedBy.USER)
        ended = engine.row().ended
        assert ended is not None
        assert ended.usage.source == "estimated"
        assert ended.usage.output_tokens == 5 + 4


async def test_a_second_worker_goes_on_at_the_interrupted_prompt_and_voids_its_text() -> None:
    first = Engine()
    await first.__aenter__()
    await first.start(chain("a", "b"))
    await first.provider.streams[0].text("A")
    await first.provider.streams[0].finish()
    await first.provider.streams[1].text("lost te")
    # Nothing of the first worker runs any more, as after a kill -9: its lease runs out.
    first.service.manager.held = dict  # type: ignore[method-assign]
    async with Engine(store=first.store, clock=first.clock, worker="worker-2") as second:
        await second.clock.advance(9)
        assert [stream.prompt for stream in second.provider.streams] == ["do b"]
        assert "prompt.retrying" in types(second)
        await second.provider.streams[0].text("B")
        await second.provider.streams[0].finish()
        assert second.row().status is ExecutionStatus.COMPLETED
        assert second.text("b") == "B"
        assert second.problems() == []
        # The old owner's next write is refused and it stops.
        await first.provider.streams[1].text("late")
        await settle()
        assert first.provider.open_streams == 0
        assert second.problems() == []
    await first.service.close()


async def test_a_worker_with_room_owns_what_is_started_on_it_without_a_ticket() -> None:
    async with Engine(max_running=1) as engine:
        engine.queue.paused = True
        await engine.start(chain("a"))
        await engine.start(chain("a"), id="run-2")
        assert [stream.prompt for stream in engine.provider.streams] == ["do a"]
        assert (engine.row().owner, engine.row("run-2").owner) == (engine.service.manager.worker, None)
        await engine.provider.streams[0].text("A")
        await engine.provider.streams[0].finish()
        assert types(engine)[-1] == "execution.finished"
        assert engine.problems() == []


async def test_an_execution_whose_workers_keep_dying_is_ended_in_the_end() -> None:
    engine = Engine(max_claims=2, claim_at_start=False)
    async with engine:
        engine.queue.paused = True
        await engine.start(chain("a"))
        for _ in range(2):
            await engine.store.claim(RUN, WorkerId("dead"), 0)
        engine.queue.paused = False
        await engine.clock.advance(4)
        ended = engine.row().ended
        assert ended is not None
        assert (ended.code, ended.ended_by) == ("worker_lost", EndedBy.SWEEP)


@pytest.mark.parametrize("failure", [ValueError("a fault"), StorageUnavailable("the disk is full")])
async def test_an_end_that_cannot_be_stored_is_stored_by_the_next_owner(failure: Exception) -> None:
    """Whatever is thrown while the end is written, who watches sees an end."""
    clock = FakeClock()
    store = SlowStore(clock)
    async with Engine(store=store, clock=clock) as engine:
        await engine.start(chain("a"))
        view = await engine.service.follow(RUN)
        assert view is not None
        await engine.provider.streams[0].text("paid for")
        store.failures = [failure] * 100
        await engine.provider.streams[0].finish()
        await clock.advance(4)
        store.failures = []
        await clock.advance(12)
        if len(engine.provider.streams) > 1:
            await engine.provider.streams[1].text("again")
            await engine.provider.streams[1].finish()
        assert engine.row().status is ExecutionStatus.COMPLETED
        assert engine.problems() == []
        shown = b""
        while (frames := await view.read(0)) is not None:
            shown += frames
        assert shown.count(b"event: execution.finished") == 1
        await view.close()


async def test_an_ended_execution_leaves_nothing_for_the_collector() -> None:
    """Collections are rare in a server, and the text of an execution may be ten megabytes."""
    async with Engine() as engine:
        gc.collect()
        gc.disable()
        try:
            await engine.start(chain("a", "b"))
            run = engine.service.manager.find(RUN)
            assert run is not None
            kept = weakref.ref(run)
            del run
            for stream in (0, 1):
                await engine.provider.streams[stream].text("text")
                await engine.provider.streams[stream].finish()
            assert engine.row().status is ExecutionStatus.COMPLETED
            await settle()
            assert kept() is None
        finally:
            gc.enable()


async def test_a_worker_that_took_an_execution_twice_goes_on_with_the_newer_claim_only() -> None:
    """Two claims may be under way at once; the lease of the first may be over before it is answered."""
    async with Engine() as engine:
        manager, store = engine.service.manager, engine.store
        await engine.start(chain("a"))
        run = manager.find(RUN)
        assert run is not None
        await store.expire_leases()
        newer = await store.claim(RUN, manager.worker, 5)
        assert newer is not None
        owning = asyncio.ensure_future(manager._own(newer))
        await settle()
        assert manager.held() == {RUN: newer.epoch}
        assert await manager._own(run.claim) is Outcome.DONE, "too late"
        await engine.provider.streams[1].text("A")
        await engine.provider.streams[1].finish()
        await owning
        assert engine.row().status is ExecutionStatus.COMPLETED
        assert (engine.problems(), manager.held()) == ([], {})

"""A rerun in the engine: what it keeps is told first, all of it or nothing, and never asked for."""

from __future__ import annotations

import msgspec

from lib.streaming.ports.execution_store import Rerun
from lib.streaming.sse_events.vocabulary import ExecutionFinished, PromptFinished
from lib.streaming.types import ExecutionId, ExecutionStatus, FinishReason, PromptId
from tests.support.engine import Engine, chain

OLD, DRAFT = ExecutionId("old"), PromptId("draft")
CHAIN = chain("draft", "final")
TWO = msgspec.structs.replace(
    CHAIN, prompts=(CHAIN.prompts[0], msgspec.structs.replace(CHAIN.prompts[1], content="improve {draft}"))
)
LONG = "x" * 40_000


async def ended(engine: Engine, *texts: str) -> None:
    """The old execution, with these answers."""
    await engine.start(TWO, id=OLD)
    for number, text in enumerate(texts):
        await engine.provider.streams[number].text(text)
        await engine.provider.streams[number].finish()


async def test_a_kept_prompt_is_told_in_pieces_and_feeds_the_next_without_being_asked() -> None:
    async with Engine() as engine:
        await ended(engine, LONG, "done")
        await engine.start(TWO, id="new", rerun=Rerun(OLD, (DRAFT,)))
        assert [stream.prompt for stream in engine.provider.streams[2:]] == [f"improve {LONG}"]
        await engine.provider.streams[2].text("better")
        await engine.provider.streams[2].finish()
        events = engine.events("new")
        kept, own = [event for event in events if isinstance(event, PromptFinished)]
        assert (kept.prompt_id, kept.kept, kept.finish_reason, kept.usage) == (DRAFT, True, FinishReason.STOP, None)
        assert not own.kept
        assert (engine.text("draft", "new"), engine.text("final", "new")) == (LONG, "better")
        assert engine.problems("new") == []
        last = events[-1]
        assert isinstance(last, ExecutionFinished)
        assert (last.status, last.usage) == (ExecutionStatus.COMPLETED, own.usage)


async def test_whoever_takes_over_a_rerun_tells_what_was_kept_no_second_time() -> None:
    async with Engine() as first:
        await ended(first, "draft", "done")
        await first.start(TWO, id="new", rerun=Rerun(OLD, (DRAFT,)))
        await first.provider.streams[2].text("half")
    async with Engine(store=first.store, clock=first.clock, worker="worker-2") as second:
        await second.provider.by_prompt("improve draft").text("whole")
        await second.provider.by_prompt("improve draft").finish()
        told = [event.prompt_id for event in second.events("new") if isinstance(event, PromptFinished)]
        assert told == ["draft", "final"]
        assert (second.text("draft", "new"), second.text("final", "new")) == ("draft", "whole")
        assert second.problems("new") == []

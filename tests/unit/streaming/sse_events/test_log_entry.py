"""The narrow form of events and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.streaming.sse_events import vocabulary as words
from lib.streaming.sse_events.log_entry import LogContext, LogEntry, pack, pack_delta, unpack, unpack_delta
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    Epoch,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    PromptId,
    PromptStatus,
    Seq,
    Usage,
    WaitReason,
)

P = PromptId("p-0")
CONTEXT = LogContext(ExecutionId("run-1"), (P, PromptId("p-1")))
USAGE = Usage(1, 2, 3)
EVENTS: list[words.Event] = [
    words.ExecutionQueued(4),
    words.ExecutionStarted(AssistantId("a"), 'N "\n\0é', 1, 2, Epoch(3)),
    words.ExecutionWaiting(WaitReason.RETRY_BACKOFF, P, 5),
    words.ExecutionWaiting(WaitReason.SLOT),
    words.PromptStarted(P, "n", 0, 0, 1, "m", "p"),
    words.PromptRetrying(P, 1, 2, "code", "message", 10, "m"),
    words.PromptFinished(P, 1, PromptStatus.COMPLETED, FinishReason.STOP, USAGE, 10, 5),
    words.PromptFinished(P, 1, PromptStatus.SKIPPED),
    words.Warned("c", "m", P),
    words.ExecutionFinished(
        status=ExecutionStatus.FAILED, usage=USAGE, duration_ms=1, ended_by=EndedBy.ENGINE, code="c", message="m"
    ),
]


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_an_event_comes_back_as_it_was(event: words.Event) -> None:
    code, data = pack(event)
    assert unpack(LogEntry(Seq(1), code, 0, data), CONTEXT) == event


def test_every_event_that_can_be_stored_is_tried_here() -> None:
    deltas = {words.PromptDelta, words.PromptReasoning}
    assert {type(event) for event in EVENTS} | deltas == set(words.CODES)


def test_the_numbers_of_types_never_change() -> None:
    assert {code.name: code.value for code in words.EventCode} == {
        "EXECUTION_QUEUED": 1,
        "EXECUTION_STARTED": 2,
        "EXECUTION_WAITING": 3,
        "PROMPT_STARTED": 4,
        "PROMPT_DELTA": 5,
        "PROMPT_REASONING": 6,
        "PROMPT_RETRYING": 7,
        "PROMPT_FINISHED": 8,
        "WARNING": 9,
        "EXECUTION_FINISHED": 10,
    }
    assert words.TYPE_NAMES[words.EventCode.EXECUTION_FINISHED] == "execution.finished"


@given(prompt=st.integers(0, 100_000), attempt=st.integers(0, 10_000_000), text=st.text())
def test_a_delta_comes_back_as_it_was(prompt: int, attempt: int, text: str) -> None:
    assert unpack_delta(pack_delta(prompt, attempt, text)) == (prompt, attempt, text)


@pytest.mark.parametrize("number", [0, 127, 128, 16_383, 16_384])
def test_small_numbers_take_few_bytes(number: int) -> None:
    assert len(pack_delta(number, 1, "")) == 1 + (1 if number < 128 else 2 if number < 16_384 else 3)


def test_both_kinds_of_delta_know_their_prompt() -> None:
    for code, kind in ((5, words.PromptDelta), (6, words.PromptReasoning)):
        entry = LogEntry(Seq(1), code, 0, pack_delta(1, 2, "t"))
        assert unpack(entry, CONTEXT) == kind(PromptId("p-1"), 2, "t")


def test_a_lone_surrogate_does_not_stop_an_event() -> None:
    code, data = pack(words.Warned("c", "a\ud800b\U0001f600", P))
    assert unpack(LogEntry(Seq(1), code, 0, data), CONTEXT) == words.Warned("c", "a?b\U0001f600", P)

"""Which commits are brief enough for the event loop's own thread."""

from __future__ import annotations

import pytest

from app.db.event_log import BRIEF_CHANGES, BRIEF_ENTRIES, BRIEF_LENGTH, is_brief
from lib.streaming.ports.log_store import AttemptEnded, AttemptStarted, LogHandle, RowChange, Write
from lib.streaming.sse_events.log_entry import LogContext, LogEntry
from lib.streaming.sse_events.vocabulary import EventCode
from lib.streaming.types import Epoch, ExecutionId, Message, PromptId, PromptStatus, Role, Seq

ONE = PromptId("one")
LONG = "x" * BRIEF_LENGTH


def ended(output: str = "", reasoning: str = "") -> AttemptEnded:
    return AttemptEnded(prompt_id=ONE, attempt=1, status=PromptStatus.COMPLETED, output=output, reasoning=reasoning)


def started(content: str) -> AttemptStarted:
    return AttemptStarted(ONE, 1, "scripted/echo", "scripted", (Message(Role.USER, content),))


def write(entries: int = 1, data: bytes = b"word", *changes: RowChange) -> Write:
    handle = LogHandle(1, LogContext(ExecutionId("x"), (ONE,)), Seq(0), terminal=False)
    rows = tuple(LogEntry(Seq(number + 1), EventCode.PROMPT_DELTA, 0, data) for number in range(entries))
    return Write(handle, Epoch(1), rows, changes)


@pytest.mark.parametrize(
    ("writes", "brief"),
    [
        ([write()], True),
        ([write(BRIEF_ENTRIES)], True),
        ([write(BRIEF_ENTRIES // 2), write(BRIEF_ENTRIES)], False),
        ([write(1, b"", *[ended("short")] * BRIEF_CHANGES)], True),
        ([write(1, b"", *[ended()] * (BRIEF_CHANGES + 1))], False),
        ([write(1, b"x" * (BRIEF_LENGTH + 1))], False),
        ([write(2, LONG.encode())], False),
        ([write(1, b"x", ended(LONG))], False),
        ([write(1, b"x", ended(reasoning=LONG))], False),
        ([write(1, b"x", started(LONG))], False),
        ([write(0, b"", started(LONG))], True),
    ],
    ids=[
        *("one event", "some events", "many events", "some ends", "many ends", "a long event", "long events"),
        *("a long answer", "long reasoning", "a long prompt", "as long as may be"),
    ],
)
def test_few_rows_with_little_in_them_are_brief(writes: list[Write], brief: bool) -> None:
    assert is_brief(writes) is brief

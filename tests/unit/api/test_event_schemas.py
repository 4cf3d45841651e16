"""The document's events are what is on the wire."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from app.api.event_schemas import EVENT_KINDS, EXAMPLE_STREAM, StreamEvent
from lib.streaming.sse_events.decoder import EventStreamDecoder
from lib.streaming.sse_events.frames import FrameEncoder, draining
from lib.streaming.sse_events.log_entry import LogContext, LogEntry, pack, pack_delta
from lib.streaming.sse_events.vocabulary import (
    DELTA_CODES,
    TYPE_NAMES,
    Event,
    EventCode,
    ExecutionFinished,
    ExecutionQueued,
    ExecutionStarted,
    ExecutionWaiting,
    PromptFinished,
    PromptRetrying,
    PromptStarted,
    ServerDraining,
    Warned,
)
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

PROMPT = PromptId("answer")
USAGE = Usage(1, 2, 3)
DECODER: msgspec.json.Decoder[msgspec.Struct] = msgspec.json.Decoder(StreamEvent)

FULL: list[Event] = [
    ExecutionQueued(3),
    ExecutionStarted(AssistantId("a"), "Echo", 1, 2, Epoch(1)),
    ExecutionWaiting(WaitReason.SLOT, PROMPT, 5),
    ExecutionWaiting(WaitReason.SLOT),
    PromptStarted(PROMPT, "Answer", 0, 0, 1, "scripted/echo", "scripted"),
    PromptRetrying(PROMPT, 1, 2, "upstream_overloaded", "busy", 5, "scripted/echo"),
    PromptFinished(PROMPT, 1, PromptStatus.COMPLETED, FinishReason.STOP, USAGE, 4, 3),
    PromptFinished(PROMPT, 1, PromptStatus.FAILED, code="x", message="y"),
    Warned("output_truncated", "cut", PROMPT),
    ExecutionFinished(status=ExecutionStatus.COMPLETED, usage=USAGE, duration_ms=5, ended_by=EndedBy.ENGINE),
]


def decoded(frame: bytes) -> msgspec.Struct:
    (event,) = EventStreamDecoder().feed(frame)
    shown = DECODER.decode(event.data)
    # Nothing on the wire that the document does not name, and nothing left out.
    assert msgspec.to_builtins(shown).items() <= msgspec.json.decode(event.data).items()
    names = {field.encode_name for field in msgspec.structs.fields(shown)} | {"type"}
    assert msgspec.json.decode(event.data).keys() <= names
    assert shown.__struct_config__.tag == event.type
    return shown


@pytest.mark.parametrize("event", FULL, ids=repr)
def test_a_frame_is_one_of_the_documented_events(event: Event) -> None:
    encoder = FrameEncoder(LogContext(ExecutionId("run-1"), (PROMPT,)))
    code, data = pack(event)
    decoded(encoder.frame(LogEntry(Seq(7), code, 1_700_000_000_000, data)))


@pytest.mark.parametrize("code", sorted(DELTA_CODES))
def test_a_delta_frame_is_one_of_the_documented_events(code: EventCode) -> None:
    encoder = FrameEncoder(LogContext(ExecutionId("run-1"), (PROMPT,)))
    shown = decoded(encoder.frame(LogEntry(Seq(7), code, 1_700_000_000_000, pack_delta(0, 1, "hé\u2028"))))
    assert shown.__struct_config__.tag == TYPE_NAMES[code]


def test_the_draining_frame_is_documented_without_a_number() -> None:
    decoded(draining(ServerDraining(1500), "run-1", 1_700_000_000_000))


def test_every_event_of_the_vocabulary_is_documented() -> None:
    assert {kind.__struct_config__.tag for kind in EVENT_KINDS} == {
        kind.__struct_config__.tag for kind in get_args(Event)
    }


def test_the_example_stream_is_a_real_one() -> None:
    events = EventStreamDecoder().feed(EXAMPLE_STREAM.encode())
    assert [event.last_event_id for event in events] == [str(number + 1) for number in range(len(events))]
    for event in events:
        assert DECODER.decode(event.data).__struct_config__.tag == event.type
    assert events[-1].type == "execution.finished"

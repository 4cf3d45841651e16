"""Frames decode to the events they were made from, in our decoder and in a strict client's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from lib.streaming.sse_events.decoder import Decoded, EventStreamDecoder
from lib.streaming.sse_events.frames import (
    HEARTBEAT,
    MAX_FRAME_BYTES,
    FrameEncoder,
    draining,
    merge_deltas,
    opening,
)
from lib.streaming.sse_events.log_entry import LogContext, LogEntry, pack, pack_delta, unpack_delta
from lib.streaming.sse_events.vocabulary import (
    MAX_DELTA_CHARS,
    EventCode,
    ExecutionQueued,
    ExecutionStarted,
    PromptFinished,
    ServerDraining,
    Warned,
)
from lib.streaming.types import AssistantId, Epoch, ExecutionId, PromptId, PromptStatus, Seq

CONTEXT = LogContext(ExecutionId("run-1"), (PromptId("p-0"), PromptId('odd "id" %d é\u2028')))
AT = 1_763_700_000_007
NASTY = [
    "",
    " leading and trailing ",
    "line\nend\r\nand\rmore",
    "\u2028\u2029\u0085",
    "\0\x01\x1f\x7f",
    "data: x\n\nid: 9\n\n",
    '"quotes" \\ and {braces} 100% %s %d',
    "\ufeffé€😀",
    "</script><!--",
]


def delta(seq: int, text: str, *, prompt: int = 0, attempt: int = 1, reasoning: bool = False) -> LogEntry:
    code = EventCode.PROMPT_REASONING if reasoning else EventCode.PROMPT_DELTA
    return LogEntry(Seq(seq), code, AT + seq, pack_delta(prompt, attempt, text))


def plain(seq: int, event: Any) -> LogEntry:
    code, data = pack(event)
    return LogEntry(Seq(seq), code, AT + seq, data)


def ours(body: bytes) -> list[Decoded]:
    return EventStreamDecoder().feed(body)


def strict(body: bytes) -> list[tuple[str, str, str]]:
    """As the openai SDK reads it: it dispatches more than the standard says."""

    def chunks() -> Iterator[bytes]:
        yield body

    found = SSEDecoder().iter_bytes(chunks())
    return [(event.event or "message", event.data, event.id or "") for event in found]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("decode", [ours, strict])
def test_a_delta_comes_out_as_it_went_in(text: str, decode: Any) -> None:
    frame = FrameEncoder(CONTEXT).frame(delta(7, text, prompt=1, attempt=300))
    [(kind, data, last_id)] = decode(frame)
    assert (kind, last_id) == ("prompt.delta", "7")
    assert json.loads(data) == {
        "type": "prompt.delta",
        "promptId": CONTEXT.prompt_ids[1],
        "attempt": 300,
        "text": text,
        "executionId": "run-1",
        "seq": 7,
        "at": "2025-11-21T04:40:00.014Z",
    }


@given(texts=st.lists(st.text(), max_size=6))
def test_any_text_survives_and_a_frame_is_one_data_line(texts: list[str]) -> None:
    encoder = FrameEncoder(CONTEXT)
    frames = [encoder.frame(delta(seq, text)) for seq, text in enumerate(texts, 1)]
    assert [json.loads(event.data)["text"] for event in ours(b"".join(frames))] == texts
    for frame in frames:
        assert len(frame.decode().splitlines()) == 4
        assert frame.count(b"\n") == 4
        assert frame.endswith(b"\n\n")
        assert b"\r" not in frame


def test_a_lone_surrogate_costs_itself_only() -> None:
    [event] = ours(FrameEncoder(CONTEXT).frame(delta(1, "a\ud83db")))
    assert json.loads(event.data)["text"] == "a?b"


def test_every_other_event_carries_its_fields_and_the_envelope() -> None:
    started = ExecutionStarted(AssistantId("a"), "N\u2028\ud800 %s", 3, 2, Epoch(1))
    finished = PromptFinished(PromptId("p-0"), 1, PromptStatus.COMPLETED)
    encoder = FrameEncoder(CONTEXT)
    frames = [encoder.frame(plain(seq, event)) for seq, event in enumerate((ExecutionQueued(0), started, finished), 1)]
    queued, begun, ended = ours(b"".join(frames))
    envelope = {"executionId": "run-1", "seq": 1, "at": "2025-11-21T04:40:00.008Z"}
    assert json.loads(queued.data) == {"type": "execution.queued", "position": 0, **envelope}
    assert json.loads(begun.data)["assistantName"] == "N\u2028? %s"
    assert (ended.type, ended.last_event_id) == ("prompt.finished", "3")
    assert len(frames[1].decode().splitlines()) == 4


def test_an_execution_id_with_a_percent_sign_or_quotes_stays_what_it_is() -> None:
    odd = ExecutionId('100%d "x"')
    entry = delta(1, "x")
    for body in (FrameEncoder(LogContext(odd, CONTEXT.prompt_ids)).frame(entry), draining(ServerDraining(5), odd, AT)):
        [event] = ours(body)
        assert json.loads(event.data)["executionId"] == odd


def test_times_across_a_second_have_three_decimals() -> None:
    encoder = FrameEncoder(CONTEXT)

    def stamp(at_ms: int) -> str:
        [event] = ours(encoder.frame(LogEntry(Seq(1), EventCode.PROMPT_DELTA, at_ms, pack_delta(0, 1, ""))))
        return str(json.loads(event.data)["at"])

    stamps = [stamp(at_ms) for at_ms in (999, 1000, 0, 60_001, 999)]
    assert stamps == [
        "1970-01-01T00:00:00.999Z",
        "1970-01-01T00:00:01.000Z",
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:01:00.001Z",
        "1970-01-01T00:00:00.999Z",
    ]


@pytest.mark.parametrize("decode", [ours, strict])
def test_heartbeats_and_the_opening_are_no_events(decode: Any) -> None:
    frames = [FrameEncoder(CONTEXT).frame(delta(seq, "x")) for seq in (1, 2, 3)]
    quiet = decode(b"".join(frames))
    assert len(quiet) == 3
    for at in range(4):
        noisy = [*frames[:at], HEARTBEAT, HEARTBEAT, *frames[at:], HEARTBEAT]
        assert decode(opening(3000) + b"".join(noisy)) == quiet


def test_the_opening_tells_the_reconnection_time() -> None:
    decoder = EventStreamDecoder()
    decoder.feed(opening(2345) + HEARTBEAT)
    assert decoder.retry == 2345


@pytest.mark.parametrize("decode", [ours, strict])
def test_draining_keeps_the_cursor_where_it_was(decode: Any) -> None:
    body = FrameEncoder(CONTEXT).frame(delta(4, "x")) + draining(ServerDraining(1500), "run-1", AT)
    kind, data, last_id = decode(body)[-1]
    assert (kind, last_id) == ("server.draining", "4")
    assert json.loads(data) == {
        "type": "server.draining",
        "retryMs": 1500,
        "executionId": "run-1",
        "at": "2025-11-21T04:40:00.007Z",
    }


# --- Merging ---


def texts(entries: list[LogEntry]) -> dict[tuple[int, int, int], str]:
    """The text of each attempt and kind."""
    found: dict[tuple[int, int, int], str] = {}
    for entry in entries:
        if entry.code in (EventCode.PROMPT_DELTA, EventCode.PROMPT_REASONING):
            prompt, attempt, text = unpack_delta(entry.data)
            found[entry.code, prompt, attempt] = found.get((entry.code, prompt, attempt), "") + text
    return found


def wire_text(entry: LogEntry) -> bytes:
    """The text of a delta as it stands in its frame, quotes and escapes included."""
    frame = FrameEncoder(CONTEXT).frame(entry)
    return frame[frame.index(b'"text":') + len(b'"text":') : frame.rindex(b',"executionId":')]


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("delta"), st.integers(0, 1), st.sampled_from([1, 2, 200]), st.booleans(), st.text(max_size=9)
        ),
        st.tuples(st.just("warning"), st.just(0), st.just(1), st.just(False), st.just("")),
    ),
    max_size=25,
)


@example(events=[("delta", 0, 1, False, "0")] * 2, max_bytes=3, after=0)
@given(events=EVENTS, max_bytes=st.integers(1, 60), after=st.integers(0, 26))
def test_merging_loses_nothing_at_any_cursor(events: list[Any], max_bytes: int, after: int) -> None:
    entries = [
        delta(seq, text, prompt=prompt, attempt=attempt, reasoning=reasoning)
        if kind == "delta"
        else plain(seq, Warned("w", "w"))
        for seq, (kind, prompt, attempt, reasoning, text) in enumerate(events, 1)
    ]
    unseen = [entry for entry in entries if entry.seq > after]
    merged = list(merge_deltas(unseen, max_bytes))
    assert texts(merged) == texts(unseen)
    originals = {entry.seq: entry for entry in unseen}
    assert [entry.seq for entry in merged] == sorted({entry.seq for entry in merged})
    assert all(entry.at_ms == originals[entry.seq].at_ms for entry in merged)
    assert [entry.seq for entry in merged][-1:] == [entry.seq for entry in unseen][-1:]
    joined = [entry for entry in merged if entry.data != originals[entry.seq].data]
    assert all(len(wire_text(entry)) <= max_bytes for entry in joined)
    others = [entry for entry in unseen if entry.code == EventCode.WARNING]
    assert [entry for entry in merged if entry.code == EventCode.WARNING] == others


def test_deltas_join_only_with_neighbours_of_their_own_attempt() -> None:
    entries = [
        delta(1, "a"), delta(2, "b"), delta(3, "R", reasoning=True), delta(4, "c"), delta(5, "d", attempt=2),
        delta(6, "e", attempt=2), delta(7, "f", prompt=1), plain(8, Warned("w", "w")), delta(9, "g", prompt=1),
    ]  # fmt: skip
    merged = list(merge_deltas(entries))
    assert [(entry.seq, unpack_delta(entry.data).text) for entry in merged if entry.code != EventCode.WARNING] == [
        (2, "ab"), (3, "R"), (4, "c"), (6, "de"), (7, "f"), (9, "g"),
    ]  # fmt: skip


@pytest.mark.parametrize("char", ["x", '"', "\0", "\u2028", "é", "😀"])
def test_merged_frames_stay_within_their_size_whatever_must_be_escaped(char: str) -> None:
    encoder = FrameEncoder(CONTEXT)
    entries = [delta(seq, char * 50) for seq in range(1, 4001)]
    frames = [encoder.frame(entry) for entry in merge_deltas(entries)]
    assert max(len(frame) for frame in frames) <= MAX_FRAME_BYTES
    assert sum(len(json.loads(event.data)["text"]) for event in ours(b"".join(frames))) == 4000 * 50
    assert len(frames) <= 1 + sum(len(json.dumps(char * 50, ensure_ascii=True)) for _ in entries) / (
        MAX_FRAME_BYTES / 3
    )


def test_the_longest_delta_stays_below_64_kib_as_text() -> None:
    assert len(("😀" * MAX_DELTA_CHARS).encode()) < MAX_FRAME_BYTES

"""The state machine of one upstream answer."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.streaming.errors import UpstreamFailure
from lib.streaming.ports.models import Delta, Finish, ReasoningDelta, TextDelta, UsageReport
from lib.streaming.providers import wire_chunks as wire
from lib.streaming.types import FinishReason, Usage
from lib.streaming.upstream.stream_processor import StreamLimits, StreamProcessor
from lib.streaming.upstream.stream_state import TRANSITIONS, Signal, State
from lib.streaming.upstream.stuttering import HoldLimits

BROKEN = b'data: {"choices": [{"delta": {"conte\n\n'
NOISE = b"data: ping\n\n"
STOP = Finish(FinishReason.STOP)


def text(content: str) -> bytes:
    return wire.text("m", content)


def new(hold: HoldLimits | None = None, **limits: int) -> StreamProcessor:
    return StreamProcessor(lambda: 0.0, StreamLimits(**limits), hold)


def run(*pieces: bytes, cut: UpstreamFailure | None = None, **limits: int) -> tuple[list[Delta], str | None]:
    processor = new(None, **limits)
    deltas = [delta for piece in pieces for delta in processor.feed(piece)]
    deltas += processor.end(cut) if not processor.ended else []
    assert processor.ended
    return deltas, processor.failure.code if processor.failure else None


def heard(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


GOOD = wire.chunk("m", {"role": "assistant", "content": ""}) + text("a") + text("b") + wire.finish("m")


def test_an_answer_is_its_deltas_its_usage_and_at_the_very_end_its_finish() -> None:
    deltas, code = run(GOOD + wire.usage("m", 3, 2) + wire.END)
    assert deltas == [TextDelta("a"), TextDelta("b"), UsageReport(Usage(3, 2, 5)), STOP]
    assert code is None


def test_one_read_is_one_batch() -> None:
    processor = new()
    assert processor.feed(text("a") + text("b") + text("c")[:9]) == [TextDelta("a"), TextDelta("b")]
    assert processor.feed(text("c")[9:]) == [TextDelta("c")]


@given(st.lists(st.integers(0, 700), max_size=12))
def test_cutting_the_body_anywhere_changes_nothing(cuts: list[int]) -> None:
    body = GOOD + text("é😀\u2028\0") + wire.usage("m", 1, 1) + NOISE + wire.END
    bounds = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(bounds)]
    assert run(*pieces) == run(body)


@pytest.mark.parametrize(
    ("name", "body", "said", "code"),
    [
        ("finish and marker", GOOD + wire.END, "ab", None),
        ("finish, no marker", GOOD, "ab", None),
        ("marker, no finish", text("a") + wire.END, "a", "upstream_incomplete"),
        ("neither", text("a"), "a", "upstream_incomplete"),
        ("cut within an event", text("a") + text("b")[:-20], "a", "upstream_incomplete"),
        ("a last event without its blank line", text("a") + wire.finish("m").strip(), "a", None),
        ("nothing", b"", "", "upstream_protocol"),
        ("only the marker", wire.END, "", "upstream_protocol"),
        ("only comments", b": a\n\n: b\n\n", "", "upstream_protocol"),
        ("HTML", b"<html>\n<body>data: x</body>\n", "", "upstream_protocol"),
        ("plain JSON", b'{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}', "", "upstream_protocol"),
        ("only a finish", wire.finish("m") + wire.END, "", None),
        ("after the marker", GOOD + wire.END + text("c") + BROKEN + b"\xff\n", "ab", None),
        ("text after the finish", GOOD + text("c") + wire.END, "abc", None),
        ("noise", text("a") + NOISE + text("b") + wire.finish("m") + wire.END, "ab", None),
        ("a lost chunk", text("a") + BROKEN + text("b") + wire.finish("m") + wire.END, "ab", "upstream_protocol"),
        ("a lost chunk, no marker", text("a") + BROKEN + wire.finish("m"), "a", "upstream_protocol"),
        ("bad UTF-8", text("a") + b"data: \xff\n\n" + GOOD, "a", "upstream_protocol"),
        ("bad UTF-8 within a read", text("a") + text("x").replace(b"x", b"\xff"), "a", "upstream_protocol"),
        ("error object", text("a") + wire.event({"error": {"message": "x"}}) + GOOD, "a", "upstream_error"),
        ("finish word error", text("a") + wire.finish("m", "error") + wire.END, "a", "upstream_error"),
        ("error event", text("a") + b"event: error\ndata: {}\n\n" + GOOD, "a", "upstream_protocol"),
        ("error without its blank line", text("a") + b'data: {"error": {"code": 500}}', "a", "upstream_error"),
    ],
)  # fmt: skip
def test_an_answer_is_whole_or_says_why_not(name: str, body: bytes, said: str, code: str | None) -> None:
    for pieces in ([body], [bytes((byte,)) for byte in body]):
        deltas, found = run(*pieces)
        assert (heard(deltas), found) == (said, code), name
        assert any(isinstance(delta, Finish) for delta in deltas) == (code is None)


def test_a_cut_connection_is_its_own_failure_unless_the_finish_was_seen() -> None:
    cut = UpstreamFailure("cut", code="upstream_disconnected", retryable=True)
    assert run(text("a"), cut=cut) == ([TextDelta("a")], "upstream_disconnected")
    assert run(cut=cut) == ([], "upstream_disconnected")
    assert run(GOOD, cut=cut) == ([TextDelta("a"), TextDelta("b"), STOP], None)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("tool_calls", FinishReason.TOOL_CALLS),
        ("function_call", FinishReason.TOOL_CALLS),
        ("eos_token", FinishReason.OTHER),
        ("STOP", FinishReason.OTHER),
    ],
)
def test_the_reason_is_told_and_an_unknown_one_is_not_called_stop(word: str, reason: FinishReason) -> None:
    assert run(text("a") + wire.finish("m", word) + wire.END)[0][-1] == Finish(reason)


def test_the_first_reason_counts() -> None:
    assert run(text("a") + wire.finish("m", "length") + wire.finish("m", "stop"))[0][-1] == Finish(FinishReason.LENGTH)


def test_every_usage_is_passed_on_and_the_last_one_stands() -> None:
    deltas, _ = run(wire.usage("m", 1, 1) + GOOD + wire.usage("m", 1, 2) + wire.END)
    assert [delta.usage for delta in deltas if isinstance(delta, UsageReport)] == [Usage(1, 1, 2), Usage(1, 2, 3)]


def test_unreadable_chunks_are_skipped_up_to_a_limit() -> None:
    body = text("a") + NOISE * 2 + text("b") + NOISE
    assert run(body + wire.finish("m") + wire.END, malformed=3) == ([TextDelta("a"), TextDelta("b"), STOP], None)
    deltas, code = run(body + text("c") + wire.finish("m") + wire.END, malformed=2)
    assert (heard(deltas), code) == ("ab", "upstream_protocol")


# --- Halves of characters ---


def escaped(*contents: str, key: str = "content") -> bytes:
    return b"".join(
        b'data: {"choices":[{"delta":{"%s":"%s"}}]}\n\n' % (key.encode(), content.encode()) for content in contents
    )


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (["a\\ud83d", "\\ude00b"], "a😀b"),
        (["\\ud83d", "\\ude00"], "😀"),
        (["a\\ud83d", "b"], "a\ufffdb"),
        (["a\\ude00b"], "a\ufffdb"),
        (["a\\ud83d"], "a\ufffd"),
        (["\\ud83d\\ud83d", "\\ude00"], "\ufffd😀"),
        (["a\\ud83d", "", "\\ude00b"], "a😀b"),
    ],
)
@pytest.mark.parametrize("key", ["content", "reasoning_content"])
def test_halves_are_joined_over_chunks_and_never_lost(contents: list[str], said: str, key: str) -> None:
    deltas, _ = run(escaped(*contents, key=key) + wire.finish("m") + wire.END)
    kind = TextDelta if key == "content" else ReasoningDelta
    found = "".join(delta.text for delta in deltas if isinstance(delta, kind))
    assert found == said
    found.encode()


# --- Bounds ---


def test_text_beyond_the_limit_ends_it_and_what_came_before_stands() -> None:
    deltas, code = run(text("aaaa") + text("bbbb") + text("c") + text("d"), output_bytes=8)
    assert (heard(deltas), code) == ("aaaabbbb", "output_too_large")


def test_the_limit_counts_bytes_of_text_and_reasoning() -> None:
    assert run(text("😀😀") + wire.finish("m"), output_bytes=8)[1] is None
    assert run(text("😀😀é") + wire.finish("m"), output_bytes=9)[1] == "output_too_large"
    assert run(wire.reasoning("m", "x" * 9), output_bytes=8)[1] == "output_too_large"


def test_a_line_beyond_the_limit_ends_it() -> None:
    deltas, code = run(text("a") + b"data: " + b"x" * 500, line_bytes=400)
    assert (heard(deltas), code) == ("a", "upstream_protocol")


def test_nothing_is_taken_after_the_end() -> None:
    processor = new()
    processor.feed(GOOD + wire.END)
    assert processor.state is State.TERMINATING
    assert processor.feed(text("x")) == []
    assert processor.end() == []
    assert processor.failure is None


# --- The table ---


def state_after(*pieces: bytes, hold: HoldLimits | None = None) -> State:
    processor = new(hold)
    for piece in pieces:
        processor.feed(piece)
    return processor.state


@pytest.mark.parametrize(
    ("pieces", "state"),
    [
        ([], State.INITIAL),
        ([wire.chunk("m", {"role": "assistant"})], State.INITIAL),
        ([text("a")], State.STUTTERING),
        ([text("a"), text("ab")], State.STUTTERING),
        ([text("a"), text("b")], State.NORMAL),
        ([NOISE], State.RECOVERING),
        ([NOISE, NOISE], State.RECOVERING),
        ([NOISE, text("a")], State.STUTTERING),
        ([text("a"), NOISE], State.RECOVERING),
        ([text("a"), NOISE, text("ab")], State.STUTTERING),
        ([text("a"), text("b"), NOISE, text("c")], State.NORMAL),
        ([text("a"), text("b"), wire.finish("m"), wire.END], State.TERMINATING),
        ([wire.END], State.TERMINATING),
        ([text("a"), b"event: error\ndata: {}\n\n"], State.TERMINATING),
    ],
)
def test_the_states_of_a_folding_stream(pieces: list[bytes], state: State) -> None:
    assert state_after(*pieces, hold=HoldLimits()) is state


def test_a_stream_that_does_not_fold_is_normal_with_its_first_text() -> None:
    assert state_after(text("a")) is State.NORMAL
    assert state_after(NOISE, text("a")) is State.NORMAL


def test_the_table_holds_every_state_and_leaves_the_end_nowhere() -> None:
    assert {state for state, _ in TRANSITIONS} == set(State)
    assert {then for (state, _), then in TRANSITIONS.items() if state is State.TERMINATING} == {State.TERMINATING}
    for state in set(State) - {State.TERMINATING}:
        for signal in (Signal.EMPTY, Signal.MALFORMED, Signal.DONE, Signal.FAILED):
            assert (state, signal) in TRANSITIONS


def test_no_text_of_the_upstream_is_in_any_failure() -> None:
    for body in (b"data: CANARY\n\n" * 11, text("a") + b"data: \xff CANARY\n\n", b"CANARY", b'data: {"CANARY'):
        processor = new()
        processor.feed(body)
        processor.end()
        assert processor.failure is not None
        told: Any = json.dumps([str(processor.failure), repr(vars(processor.failure))])
        assert "CANARY" not in told

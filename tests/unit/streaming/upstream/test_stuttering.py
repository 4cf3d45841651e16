"""Folding of re-sent snapshots: the recorded start, and ten ways to get it wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.streaming.ports.models import Finish, TextDelta
from lib.streaming.providers import wire_chunks as wire
from lib.streaming.types import FinishReason
from lib.streaming.upstream.stream_processor import StreamLimits, StreamProcessor
from lib.streaming.upstream.stuttering import HoldLimits, PrefixFold

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[3] / "data" / "stuttering.json").read_text())


class Upstream:
    """Feeds a processor deltas and keeps what comes out; `now` is its clock."""

    def __init__(self, hold: HoldLimits | None = None, *, line_end: bytes = b"\n") -> None:
        self.now = 0.0
        self.texts: list[str] = []
        self.finish: FinishReason | None = None
        self.processor = StreamProcessor(lambda: self.now, StreamLimits(), hold)
        self._line_end = line_end

    def send(self, *deltas: str | None, finish: str | None = None) -> None:
        for delta in deltas:
            self.raw(wire.chunk("m", {"role": "assistant"} if delta is None else {"content": delta}))
        if finish is not None:
            self.raw(wire.chunk("m", {"content": ""}, finish))

    def raw(self, body: bytes) -> None:
        self._keep(self.processor.feed(body.replace(b"\n", self._line_end)))

    def end(self) -> str:
        self._keep(self.processor.end())
        return self.text

    def release(self) -> None:
        self._keep(self.processor.release())

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def _keep(self, deltas: list[Any]) -> None:
        for delta in deltas:
            if isinstance(delta, TextDelta):
                self.texts.append(delta.text)
            elif isinstance(delta, Finish):
                self.finish = delta.reason


def folded(deltas: list[str | None], hold: HoldLimits | None) -> str:
    upstream = Upstream(hold)
    upstream.send(*deltas, finish="stop")
    upstream.raw(wire.END)
    return upstream.end()


def test_the_recorded_start_is_folded() -> None:
    upstream = Upstream(HoldLimits())
    upstream.send(*RECORDED["deltas"][:-1], finish=RECORDED["finish_reason"])
    upstream.raw(wire.END)
    assert upstream.end() == RECORDED["expected"]
    assert upstream.finish is FinishReason.LENGTH


@pytest.mark.parametrize(
    "case", [case for case in RECORDED["more"] if "expected" in case], ids=lambda case: case["name"]
)
def test_the_other_recorded_cases_are_folded(case: dict[str, Any]) -> None:
    assert folded(case["deltas"], HoldLimits()) == case["expected"]


@pytest.mark.parametrize("deltas", [["ha", "ha", "!"], ["1", "10"], [" ", " a"], ["The", "The cat"]])
def test_without_being_told_nothing_is_folded(deltas: list[str | None]) -> None:
    assert folded(deltas, None) == "".join(text or "" for text in deltas)
    upstream = Upstream()
    upstream.send(deltas[0])
    assert upstream.text == deltas[0]


# Ten ways in which others got it wrong.


def test_1_an_end_without_a_marker_keeps_the_held_text() -> None:
    upstream = Upstream(HoldLimits())
    upstream.send("He", "Hello", finish="stop")
    assert upstream.end() == "Hello"
    assert upstream.finish is FinishReason.STOP


def test_1b_a_cut_keeps_the_held_text_too() -> None:
    upstream = Upstream(HoldLimits())
    upstream.send("He", "Hello")
    assert upstream.end() == "Hello"
    assert upstream.processor.failure is not None
    assert upstream.processor.failure.code == "upstream_incomplete"


def test_2_an_empty_finish_chunk_is_no_prefix_of_anything() -> None:
    assert folded(["Hello", ""], HoldLimits()) == "Hello"


def test_3_repeats_that_are_meant_are_folded_too_so_it_must_be_asked_for() -> None:
    assert folded(["ha", "ha", "!"], HoldLimits()) == "ha!"
    assert folded(["ha", "ha", "!"], None) == "haha!"


def test_4_a_role_only_first_delta_does_not_end_it() -> None:
    assert folded([None, "", "He", "Hello", " world"], HoldLimits()) == "Hello world"


def test_5_comments_and_noise_do_not_end_it() -> None:
    upstream = Upstream(HoldLimits())
    upstream.raw(b": hello\n\ndata: ping\n\n")
    upstream.send("He")
    upstream.raw(b": hello\n\ndata: ping\n\n")
    upstream.send("Hello", " world", finish="stop")
    upstream.raw(wire.END)
    assert upstream.end() == "Hello world"
    assert upstream.processor.failure is None


def test_6_other_line_ends_do_not_matter() -> None:
    upstream = Upstream(HoldLimits(), line_end=b"\r\n")
    upstream.send("He", "Hello", finish="stop")
    upstream.raw(wire.END.replace(b"data: ", b"data:"))
    assert (upstream.text, upstream.finish) == ("Hello", FinishReason.STOP)


def test_7_text_is_not_held_longer_than_allowed() -> None:
    upstream = Upstream(HoldLimits(seconds=2.0))
    upstream.send("He")
    assert (upstream.text, upstream.processor.hold_until) == ("", 2.0)
    upstream.now = 2.0
    upstream.release()
    assert (upstream.text, upstream.processor.hold_until) == ("He", None)
    upstream.send("Hello", finish="stop")
    assert upstream.end() == "HeHello"


def test_7b_a_late_delta_lets_the_held_text_go() -> None:
    upstream = Upstream(HoldLimits(seconds=2.0))
    upstream.send("He")
    upstream.now = 2.5
    upstream.send("Hello")
    assert upstream.text == "HeHello"


def test_7c_more_text_than_allowed_is_not_held() -> None:
    upstream = Upstream(HoldLimits(chars=10))
    upstream.send("x" * 10)
    assert upstream.text == ""
    upstream.send("x" * 11)
    assert upstream.text == "x" * 11
    upstream.send("x" * 12)
    assert upstream.text == "x" * 23


def test_8_refusals_count_as_text_and_other_choices_and_tool_calls_do_not() -> None:
    upstream = Upstream(HoldLimits())
    upstream.raw(wire.event({"choices": [{"index": 1, "delta": {"content": "other"}}]}))
    upstream.raw(wire.chunk("m", {"tool_calls": [{"index": 0}]}))
    upstream.raw(wire.chunk("m", {"refusal": "I ca"}))
    upstream.raw(wire.chunk("m", {"refusal": "I cannot"}))
    upstream.send(" do that", finish="stop")
    assert upstream.end() == "I cannot do that"
    assert upstream.finish is FinishReason.CONTENT_FILTER


def test_9_snapshots_in_the_middle_pass_through() -> None:
    assert folded(["A", "B", "C", "CD"], HoldLimits()) == "ABCCD"


def test_10_a_character_cut_by_the_transport_stays_whole() -> None:
    upstream = Upstream(HoldLimits())
    body = 'data: {"choices":[{"delta":{"content":"é"}}]}\n\ndata: {"choices":[{"delta":{"content":"é😀"}}]}\n\n'
    for byte in body.encode():
        upstream.raw(bytes((byte,)))
    upstream.send("!", finish="stop")
    assert upstream.end() == "é😀!"


@given(st.lists(st.sampled_from(["a", "ab", "abc", "b", " ", "😀"]), max_size=8), st.integers(1, 4))
def test_what_is_dropped_is_always_a_replaced_snapshot(texts: list[str], chars: int) -> None:
    fold, out, now = PrefixFold(HoldLimits(chars=chars)), "", 0.0
    for text in texts:
        out += fold.take(text, now)
    out += fold.flush()
    assert "".join(texts).endswith(out)
    assert not texts or out
    assert fold.resolved

"""Lines to chunks: what counts as data, as the end, as empty and as malformed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib.streaming.errors import Severity, UpstreamFailure
from lib.streaming.types import Usage
from lib.streaming.upstream.chunk import BROKEN, DONE, EMPTY, NOISE, Chunk, ChunkType
from lib.streaming.upstream.chunk_parser import ChunkParser

DATA = ChunkType.DATA


def parse(*lines: str, parser: ChunkParser | None = None) -> list[Chunk]:
    parser = parser or ChunkParser()
    found = [parser.feed(line.encode("utf-8", "surrogatepass")) for line in lines]
    return [chunk for chunk in [*found, parser.flush()] if chunk is not None]


def data(**payload: Any) -> str:
    return "data: " + json.dumps(payload)


def of_delta(delta: Any, **choice: Any) -> str:
    return data(choices=[{"index": 0, "delta": delta, **choice}])


@pytest.mark.parametrize(
    ("line", "chunk"),
    [
        (of_delta({"content": "hi"}), Chunk(DATA, "hi")),
        ('data:{"choices":[{"delta":{"content":"hi"}}]}', Chunk(DATA, "hi")),
        ('data: \t{"choices":[{"delta":{"content":"hi"}}]} ', Chunk(DATA, "hi")),
        (of_delta({"content": " \n\0é\u2028"}), Chunk(DATA, " \n\0é\u2028")),
        (of_delta({"role": "assistant", "content": ""}), EMPTY),
        (of_delta({"role": "assistant"}), EMPTY),
        (of_delta({}), EMPTY),
        (of_delta(None), EMPTY),
        (of_delta({"content": None}), EMPTY),
        (of_delta({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}), EMPTY),
        (of_delta({"reasoning_content": "hm"}), Chunk(DATA, "", "hm")),
        (of_delta({"reasoning": "hm", "content": "x"}), Chunk(DATA, "x", "hm")),
        (of_delta({"refusal": "no"}), Chunk(DATA, "no", refused=True)),
        (of_delta({"content": "x"}, finish_reason="stop"), Chunk(DATA, "x", finish="stop")),
        (of_delta({}, finish_reason="length"), Chunk(ChunkType.EMPTY, finish="length")),
        (of_delta(None, finish_reason="stop"), Chunk(ChunkType.EMPTY, finish="stop")),
        (of_delta({"content": "x"}, finish_reason=""), Chunk(DATA, "x")),
        (of_delta({"content": "x"}, finish_reason="null"), Chunk(DATA, "x")),
        (data(choices=[]), EMPTY),
        (data(choices=None), EMPTY),
        (data(), EMPTY),
        (data(detail="x"), EMPTY),
        (data(error=None, choices=[]), EMPTY),
        (data(choices=[{"index": 1, "delta": {"content": "other"}}]), EMPTY),
        (data(choices=[{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]), Chunk(DATA, "a")),
        (data(choices=[{"index": None, "delta": {"content": "a"}, "x": {"y": [1]}}], z=9, id=5), Chunk(DATA, "a")),
        ("data: [DONE]", DONE),
        ("data:[DONE]", DONE),
        ("data:  [DONE] ", DONE),
        ("data:", EMPTY),
        ("data: ", EMPTY),
        ("data: ping", NOISE),
        ("data: 5", NOISE),
        ("data: null", NOISE),
        ("data: []", NOISE),
        ('data: "x"', NOISE),
        ('data: {"choices": [{"delta": {"content": "x"', BROKEN),
        ("data: {", BROKEN),
        ("data: " + "[" * 100_000, NOISE),
        ("data: {" + '"a":{' * 100_000, BROKEN),
    ],
)  # fmt: skip
def test_one_line_is_one_chunk(line: str, chunk: Chunk) -> None:
    assert parse(line, "") == [chunk]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}', "a\ud83d"),
        ('data: {"choices":[{"delta":{"content":"\\udc00b"}}]}', "\udc00b"),
        ('data: {"x":"\\ud83d","choices":[{"delta":{"content":"b"}}]}', "b"),
        ('data: {"choices":[{"delta":{"content":"a\tb\x01"}}]}', "a\tb\x01"),
        (of_delta({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "x"}, 7]}), "ab"),
        (of_delta({"content": "a", "reasoning": {"x": 1}}), "a"),
        (of_delta({"content": "a"}, finish_reason=0), "a"),
        (data(choices=[{"index": "0", "delta": {"content": "a"}}]), "a"),
        (data(choices=[7, {"delta": {"content": "a"}}]), "a"),
        (data(choices=[{"delta": {"content": "a"}}], usage={"prompt_tokens": "many"}), "a"),
        (data(choices=[{"delta": {"content": "a"}}], usage=[1]), "a"),
    ],
)
def test_what_the_typed_reader_refuses_is_read_all_the_same(line: str, text: str) -> None:
    [chunk] = parse(line, "")
    assert (chunk.type, chunk.text, chunk.halves) == (DATA, text, True)


@pytest.mark.parametrize("value", [5, True, {"a": 1}, 1.5])
def test_content_that_is_no_text_is_skipped(value: Any) -> None:
    assert [chunk.type for chunk in parse(of_delta({"content": value}), "")] == [ChunkType.EMPTY]


@pytest.mark.parametrize(
    "line", [": hello", ":", "event: message", "id: 3", "retry: 5", "nonsense", "dataset: x", " data: x"]
)
def test_other_lines_say_nothing(line: str) -> None:
    assert parse(line, "", of_delta({"content": "a"}), "") == [Chunk(DATA, "a")]


def test_events_need_no_blank_line_between_them() -> None:
    assert parse(of_delta({"content": "a"}), of_delta({"content": "b"}), "data: [DONE]", "data: x") == [
        Chunk(DATA, "a"), Chunk(DATA, "b"), DONE, NOISE,
    ]  # fmt: skip


def test_an_event_may_be_spread_over_data_lines() -> None:
    pretty = json.dumps({"choices": [{"delta": {"content": "a"}}]}, indent=1).split("\n")
    assert parse(*(f"data: {line}" for line in pretty), "") == [Chunk(DATA, "a")]


def test_an_event_without_its_blank_line_is_read_at_the_end() -> None:
    assert parse(of_delta({"content": "a"})) == [Chunk(DATA, "a")]


def test_many_lines_are_no_way_round_the_limit() -> None:
    parser = ChunkParser(100)
    parser.feed(b"data: {")
    for _ in range(99):
        parser.feed(b"data:")
    with pytest.raises(UpstreamFailure) as refused:
        parser.feed(b"data:")
    assert refused.value.code == "upstream_protocol"


def test_many_data_lines_of_one_event_take_no_square_time() -> None:
    parser = ChunkParser()
    for _ in range(200_000):
        parser.feed(b'data: "x",')
    assert parser.flush() == NOISE


def test_chunks_are_counted_by_their_choices() -> None:
    parser = ChunkParser()
    parse(data(choices=[]), "", data(x=1), "", "data: ping", "", of_delta({}), "", "data: [DONE]", "", parser=parser)
    assert parser.chunks == 2


# --- Usage ---


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}, Usage(3, 4, 7)),
        ({"prompt_tokens": 3, "completion_tokens": 4}, Usage(3, 4, 7)),
        ({"prompt_tokens": 3, "total_tokens": 7}, Usage(3, 4, 7)),
        ({"completion_tokens": 4, "total_tokens": 7}, Usage(3, 4, 7)),
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 9, "x": {}}, Usage(3, 4, 9)),
        (
            {
                "prompt_tokens": 3,
                "completion_tokens": 4,
                "total_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": 0},
            },
            Usage(3, 4, 7, reasoning_tokens=1, cached_input_tokens=2),
        ),
        ({"total_tokens": 7}, None),
        ({"prompt_tokens": 3}, None),
        ({}, None),
        ({"prompt_tokens": -1, "completion_tokens": 4}, None),
        ({"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}, None),
        (None, None),
    ],
)
def test_counts_that_are_missing_are_derived_but_never_made_up(wire: Any, usage: Usage | None) -> None:
    [chunk] = parse(data(choices=[], usage=wire), "")
    assert chunk == Chunk(ChunkType.EMPTY, usage=usage)


def test_usage_may_come_with_text() -> None:
    [chunk] = parse(data(choices=[{"delta": {"content": "a"}}], usage={"prompt_tokens": 1, "completion_tokens": 1}), "")
    assert chunk == Chunk(DATA, "a", usage=Usage(1, 1, 2))


# --- Errors ---


def failure_of(*lines: str) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as raised:
        parse(*lines)
    assert "CANARY" not in str(raised.value) + repr(vars(raised.value))
    return raised.value


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ({"message": "CANARY", "type": "server_error", "code": None}, True),
        ({"message": "CANARY", "type": "overloaded_error"}, True),
        ({"message": "CANARY", "code": 500}, True),
        ({"message": "CANARY", "code": 429}, True),
        ({"message": "CANARY", "code": "rate_limit_exceeded"}, True),
        ({"message": "CANARY", "code": 400}, False),
        ({"message": "CANARY", "code": "401"}, False),
        ({"message": "CANARY", "type": "invalid_request_error"}, False),
        ({"message": "CANARY", "code": "context_length_exceeded"}, False),
        ({"message": "CANARY", "type": "insufficient_quota"}, False),
        ({"message": "CANARY", "type": ["odd"], "code": {"odd": 1}}, True),
        ("CANARY", True),
        (["CANARY"], True),
    ],
)
def test_an_error_object_is_the_upstreams_error(error: Any, retryable: bool) -> None:
    for lines in ([data(error=error)], ["event: error", data(error=error)], [data(choices=[], error=error)]):
        failure = failure_of(*lines)
        assert (failure.code, failure.retryable) == ("upstream_error", retryable)
        assert failure.severity is (Severity.ATTEMPT if retryable else Severity.MODEL)


@pytest.mark.parametrize("body", ['{"detail": "CANARY"}', '{"choices": []}', "{}", '{"error": null}'])
def test_an_error_event_without_an_error_object_breaks_the_agreement(body: str) -> None:
    assert failure_of("event: error", f"data: {body}").code == "upstream_protocol"
    assert failure_of("event:error", f"data: {body}").code == "upstream_protocol"


def test_the_name_of_an_event_holds_for_that_event_only() -> None:
    assert parse("event: error", "", of_delta({"content": "a"}), "") == [Chunk(DATA, "a")]

"""Lines out of bytes, however they were cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.streaming.errors import UpstreamFailure
from lib.streaming.upstream.line_decoder import LineDecoder


def lines_of(pieces: list[bytes], *, limit: int = 1000) -> tuple[list[bytes], UpstreamFailure | None]:
    decoder = LineDecoder(limit)
    lines = [line for piece in pieces for line in decoder.feed(piece)]
    return lines + decoder.finish(), decoder.failure


def one_by_one(body: bytes) -> list[bytes]:
    return [bytes((byte,)) for byte in body]


BODIES: dict[str, tuple[bytes, list[bytes]]] = {
    "LF": (b"a\nb\n", [b"a", b"b"]),
    "CR": (b"a\rb\r", [b"a", b"b"]),
    "CRLF": (b"a\r\nb\r\n", [b"a", b"b"]),
    "mixed": (b"a\r\n\rb\n\r\nc", [b"a", b"", b"b", b"", b"c"]),
    "blank lines": (b"\n\n\r\r", [b"", b"", b"", b""]),
    "no end": (b"a\nb", [b"a", b"b"]),
    "nothing": (b"", []),
    "byte order mark": (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", [b"a", b"\xef\xbb\xbfb"]),
    "only a byte order mark": (b"\xef\xbb\xbf", []),
    "half a byte order mark": (b"\xef\xbb", []),
    "no byte order mark after all": ("ﻀa\n".encode(), ["ﻀa".encode()]),
    "other line ends": ("a\u2028b\u0085c\x0bd\x0ce\n".encode(), ["a\u2028b\u0085c\x0bd\x0ce".encode()]),
    "many bytes a character": ("é€😀\n😀".encode(), ["é€😀".encode(), "😀".encode()]),
    "NUL": (b"a\0b\n", [b"a\0b"]),
}


@pytest.mark.parametrize("name", BODIES)
def test_any_cut_gives_the_same_lines(name: str) -> None:
    body, lines = BODIES[name]
    assert lines_of([body]) == (lines, None)
    assert lines_of(one_by_one(body)) == (lines, None)
    for at in range(len(body)):
        assert lines_of([body[:at], b"", body[at:]]) == (lines, None), at


@given(
    lines=st.lists(
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8), max_size=8
    ),
    ends=st.lists(st.sampled_from(["\n", "\r", "\r\n"]), min_size=8, max_size=8),
    cuts=st.lists(st.integers(0, 200), max_size=9),
)
def test_cutting_anywhere_changes_nothing(lines: list[str], ends: list[str], cuts: list[int]) -> None:
    body = b"x\n" + "".join(line + end for line, end in zip(lines, ends, strict=False)).encode()
    bounds = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(bounds)]
    assert lines_of(pieces) == lines_of([body])


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3(", b"\xed\xa0\xbd", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf", b"\xe2\x82"])
def test_a_line_that_is_no_utf8_ends_it_after_the_lines_before(bad: bytes) -> None:
    body = b"good\n\xc3\xa9\nbad" + bad + b"\nnever\n"
    for pieces in ([body], one_by_one(body)):
        lines, failure = lines_of(pieces)
        assert lines == [b"good", b"\xc3\xa9"]
        assert failure is not None
        assert (failure.code, failure.retryable) == ("upstream_protocol", True)


def test_a_body_that_stops_within_a_character_is_cut_not_wrong() -> None:
    assert lines_of([b"a\nb\xe2\x82"]) == ([b"a"], None)


@pytest.mark.parametrize("end", [b"", b"\n", b"\nmore\n"])
def test_a_line_beyond_the_limit_ends_it_finished_or_not(end: bytes) -> None:
    body = b"good\n" + b"x" * 11 + end
    for pieces in ([body], one_by_one(body)):
        lines, failure = lines_of(pieces, limit=10)
        assert lines == [b"good"]
        assert failure is not None
        assert (failure.code, failure.retryable) == ("upstream_protocol", False)


def test_a_line_at_the_limit_is_fine_and_many_lines_are_no_long_line() -> None:
    assert lines_of([b"x" * 10 + b"\n" + b"y" * 10], limit=10) == ([b"x" * 10, b"y" * 10], None)
    assert lines_of([b"abc\n" * 10], limit=10) == ([b"abc"] * 10, None)


def test_nothing_comes_after_a_failure() -> None:
    decoder = LineDecoder(10)
    decoder.feed(b"x" * 11)
    assert decoder.feed(b"\nok\n") == []
    assert decoder.finish() == []
    assert len(decoder._held) == 0

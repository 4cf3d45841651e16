"""The event-stream decoder, held against the web platform's cases at every way to cut the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.streaming.sse_events.decoder import Decoded, EventStreamDecoder
from tests.support.sse_vectors import VECTORS, Vector


def decoded(pieces: list[bytes]) -> tuple[list[tuple[str, str, str]], int | None]:
    decoder = EventStreamDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [(event.type, event.data, event.last_event_id) for event in events], decoder.retry


def test_all_cases_were_carried_over() -> None:
    assert len(VECTORS) == 34


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_body_in_one_piece(vector: Vector) -> None:
    assert decoded([vector.body]) == (vector.events, vector.retry)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_body_byte_by_byte(vector: Vector) -> None:
    assert decoded([bytes((byte,)) for byte in vector.body]) == (vector.events, vector.retry)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_body_cut_in_two_anywhere(vector: Vector) -> None:
    for at in range(len(vector.body) + 1):
        assert decoded([vector.body[:at], vector.body[at:]]) == (vector.events, vector.retry), at


@given(vector=st.sampled_from(list(VECTORS.values())), cuts=st.lists(st.integers(0, 2_200), max_size=12))
def test_a_body_cut_in_many_pieces_with_empty_ones(vector: Vector, cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(vector.body)]
    pieces = [vector.body[start:end] for start, end in zip(bounds, [*bounds[1:], None], strict=True)]
    assert decoded(pieces) == (vector.events, vector.retry)


def test_an_event_comes_out_with_the_byte_that_ends_it() -> None:
    decoder = EventStreamDecoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"\r") == [Decoded("message", "a", "")]
    assert decoder.feed(b"\n") == []


def test_a_pending_id_does_not_count_before_its_event_is_over() -> None:
    decoder = EventStreamDecoder()
    decoder.feed(b"id: 5\ndata: a\n\nid: 6\ndata: b\n")
    assert decoder.last_event_id == "5"
    assert decoder.feed(b"\n") == [Decoded("message", "b", "6")]
    assert decoder.last_event_id == "6"


def test_digits_of_other_scripts_are_no_reconnection_time() -> None:
    decoder = EventStreamDecoder()
    decoder.feed("retry: ٣٠٠\nretry: ²\n\n".encode())
    assert decoder.retry is None


def test_a_long_line_byte_by_byte_takes_no_square_time() -> None:
    decoder = EventStreamDecoder()
    events = [event for byte in b"data: " + b"x" * 200_000 + b"\n\n" for event in decoder.feed(bytes((byte,)))]
    assert [len(event.data) for event in events] == [200_000]

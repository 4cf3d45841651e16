from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.db import timeline
from app.db.timeline import Stroke
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import Seq

#: Stored by the first version of this code: what is in somebody's database must stay readable.
PACKED = "78da636666626c38f0a8f57186f01b161686138c00320505cc"

strokes = st.lists(
    st.builds(
        Stroke,
        st.integers(1, 2**31).map(Seq),
        st.integers(-(2**40), 2**62),
        st.integers(0, 2**20),
    )
).map(lambda made: sorted(made, key=lambda stroke: stroke.seq))


@given(strokes)
def test_packing_loses_nothing(made: list[Stroke]) -> None:
    assert timeline.unpack(timeline.pack(made)) == made


def test_the_packed_form_does_not_change() -> None:
    made = [
        Stroke(Seq(3), 1_800_000_000_000, 4),
        Stroke(Seq(5), 1_799_999_999_990, 0),
        Stroke(Seq(6), 1_800_000_000_300, 200),
    ]
    packed = bytes.fromhex(PACKED)
    assert timeline.unpack(packed) == made


def test_entries_are_cut_from_the_text_from_a_number_on() -> None:
    made = [Stroke(Seq(2), 10, 3), Stroke(Seq(4), 20, 0), Stroke(Seq(5), 30, 2)]
    entries = list(timeline.entries(5, b"\x00\x01", made, b"abcde", Seq(2)))
    assert entries == [LogEntry(Seq(4), 5, 20, b"\x00\x01"), LogEntry(Seq(5), 5, 30, b"\x00\x01de")]


def test_a_steady_stream_packs_to_less_than_two_bytes_a_delta() -> None:
    made = [Stroke(Seq(n + 3), 1_800_000_000_000 + 20 * n + n * 7 % 5, 2 + n * 13 % 9) for n in range(1000)]
    assert len(timeline.pack(made)) < 2000

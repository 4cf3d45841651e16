"""When and in what cuts the text of one attempt came: the part of its deltas that its text does not hold.

Packed form: zlib of varints: how many deltas; then for all of them the gap to the previous number, then the gap to
the previous time (zigzag, for clocks that step back), then the length of the text in bytes. Like lies beside like,
so steady streams pack to little more than a byte a delta.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import Seq

LEVEL = 9


class Stroke(NamedTuple):
    """One delta without its text: number, Unix milliseconds, bytes of text."""

    seq: Seq
    at_ms: int
    size: int


def pack(strokes: Sequence[Stroke]) -> bytes:
    plain = bytearray()
    _put(plain, len(strokes))
    for gap in _gaps(stroke.seq for stroke in strokes):
        _put(plain, gap)
    for gap in _gaps(stroke.at_ms for stroke in strokes):
        _put(plain, gap << 1 if gap >= 0 else (-gap << 1) - 1)
    for stroke in strokes:
        _put(plain, stroke.size)
    return zlib.compress(bytes(plain), LEVEL)


def unpack(packed: bytes) -> list[Stroke]:
    numbers = _numbers(zlib.decompress(packed))
    count, strokes = next(numbers), list(numbers)
    seqs = _sums(strokes[:count])
    times = _sums(gap >> 1 if not gap & 1 else -((gap + 1) >> 1) for gap in strokes[count : 2 * count])
    return [Stroke(Seq(seq), at_ms, size) for seq, at_ms, size in zip(seqs, times, strokes[2 * count :], strict=True)]


def entries(code: int, prefix: bytes, strokes: Iterable[Stroke], text: bytes, after: Seq) -> Iterator[LogEntry]:
    """The deltas with a number above `after`, exactly as they were: `prefix` is what precedes each one's text."""
    start = 0
    for stroke in strokes:
        end = start + stroke.size
        if stroke.seq > after:
            yield LogEntry(stroke.seq, code, stroke.at_ms, prefix + text[start:end])
        start = end


def _put(plain: bytearray, number: int) -> None:
    while number >= 0x80:
        plain.append(number & 0x7F | 0x80)
        number >>= 7
    plain.append(number)


def _numbers(plain: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in plain:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0


def _gaps(values: Iterable[int]) -> Iterator[int]:
    last = 0
    for value in values:
        yield value - last
        last = value


def _sums(gaps: Iterable[int]) -> Iterator[int]:
    total = 0
    for gap in gaps:
        total += gap
        yield total

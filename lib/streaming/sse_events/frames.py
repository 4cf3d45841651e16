"""Frames of the native stream (WHATWG HTML section 9.2): LF only, one `data:` line of compact JSON.

U+2028, U+2029 and U+0085 are escaped because many clients split lines at them. The heartbeat is a comment
without a blank line: a block that holds only a comment makes some clients dispatch an empty event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from lib.streaming.clock import rfc3339
from lib.streaming.sse_events.log_entry import LogContext, LogEntry, unpack_delta
from lib.streaming.sse_events.vocabulary import DELTA_CODES, TYPE_NAMES, EventCode, ServerDraining

HEARTBEAT = b": hb\n"
#: Deltas of a reader far behind are merged into frames of at most this size.
MAX_FRAME_BYTES = 64 * 1024
#: What is left of that for the text, quotes and escapes included.
MAX_TEXT_BYTES = MAX_FRAME_BYTES - 1024

_encode = msgspec.json.Encoder().encode
_ESCAPES = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


def opening(retry_ms: int) -> bytes:
    """What precedes the first frame, in the same block: the client's reconnection time."""
    return b"retry: %d\n" % retry_ms


def draining(event: ServerDraining, execution_id: str, at_ms: int) -> bytes:
    """The frame of `server.draining`: no id, since it is no stored event."""
    envelope = b',"executionId":%s,"at":"%s"}' % (_encode(execution_id), rfc3339(at_ms).encode())
    body = _encode(event)[:-1] + envelope
    return b"retry: %d\nevent: server.draining\ndata: %s\n\n" % (event.retry_ms, body)


class FrameEncoder:
    """Turns the entries of one execution into frames. What repeats is kept: heads per attempt, the second."""

    def __init__(self, context: LogContext) -> None:
        execution = _encode(context.execution_id).replace(b"%", b"%%")
        self._tail = b',"executionId":%s,"seq":%%d,"at":"%%s.%%03dZ"}\n\n' % execution
        self._prompt_ids = context.prompt_ids
        self._heads: dict[tuple[int, bytes], bytes] = {}
        self._second: tuple[int | None, bytes] = (None, b"")

    def frame(self, entry: LogEntry) -> bytes:
        if entry.code in DELTA_CODES:
            start = _text_start(entry.data)
            text = escape_line_ends(_encode(entry.data[start:].decode()))
            body = self._head(entry.code, entry.data[:start]) + text
        else:
            name = TYPE_NAMES[EventCode(entry.code)].encode()
            body = b"event: %s\ndata: %s" % (name, escape_line_ends(entry.data[:-1]))
        seconds, ms = divmod(entry.at_ms, 1000)
        if seconds != self._second[0]:
            self._second = (seconds, rfc3339(entry.at_ms)[:-5].encode())
        return b"id: %d\n%s%s" % (entry.seq, body, self._tail % (entry.seq, self._second[1], ms))

    def _head(self, code: int, attempt_head: bytes) -> bytes:
        """Everything of a delta's frame before its text, the same for all deltas of an attempt."""
        head = self._heads.get((code, attempt_head))
        if head is None:
            delta, name = unpack_delta(attempt_head), TYPE_NAMES[EventCode(code)].encode()
            prompt = _encode(self._prompt_ids[delta.prompt])
            head = b'event: %s\ndata: {"type":"%s","promptId":%s,"attempt":%d,"text":'
            head = self._heads[code, attempt_head] = head % (name, name, prompt, delta.attempt)
        return head


def escape_line_ends(json_text: bytes) -> bytes:
    """JSON bytes with the three Unicode line ends escaped; bytes without them come back as they are."""
    if json_text.isascii():
        return json_text
    for raw, escaped in _ESCAPES:
        json_text = json_text.replace(raw, escaped)
    return json_text


def merge_deltas(entries: Iterable[LogEntry], max_bytes: int = MAX_TEXT_BYTES) -> Iterator[LogEntry]:
    """Join neighbouring deltas of one attempt; the joined entry has the number and time of its last part.

    `max_bytes` bounds the text of a joined entry as it will stand in its frame. A cursor keeps working at any
    original number: what was joined is cut again at the reader's next `after`.
    """
    run: list[LogEntry] = []
    size = 0
    for entry in entries:
        cost = _wire_size(entry)
        if run and not (_same_attempt(run[0], entry) and size + cost <= max_bytes):
            yield _joined(run)
            run, size = [], 0
        run.append(entry)
        size += cost
    if run:
        yield _joined(run)


def _wire_size(entry: LogEntry) -> int:
    if entry.code not in DELTA_CODES:
        return 0
    return len(escape_line_ends(_encode(entry.data[_text_start(entry.data) :].decode())))


def _same_attempt(one: LogEntry, other: LogEntry) -> bool:
    if one.code != other.code or one.code not in DELTA_CODES:
        return False
    head = _text_start(one.data)
    return one.data[:head] == other.data[:head]


def _joined(run: list[LogEntry]) -> LogEntry:
    first, last = run[0], run[-1]
    if len(run) == 1:
        return first
    start = _text_start(first.data)
    texts = (entry.data[start:] for entry in run)
    return LogEntry(last.seq, last.code, last.at_ms, first.data[:start] + b"".join(texts))


def _text_start(data: bytes) -> int:
    if data[0] < 0x80 and data[1] < 0x80:
        return 2
    at = 0
    for _ in range(2):
        while data[at] >= 0x80:
            at += 1
        at += 1
    return at

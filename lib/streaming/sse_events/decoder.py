"""A reader of event streams, exactly as WHATWG HTML section 9.2.6 interprets them."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = "\ufeff"


class Decoded(NamedTuple):
    """One dispatched event."""

    type: str
    data: str
    last_event_id: str


class EventStreamDecoder:
    """Feed it a body's bytes in any pieces. What has no blank line at the end of the body is no event.

    `retry`: the newest reconnection time in milliseconds, None until one came. Bytes that are no UTF-8 become
    U+FFFD. Sizes are not limited: for streams of servers one trusts.
    """

    def __init__(self) -> None:
        self.retry: int | None = None
        self.last_event_id = ""
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._at_start = True
        self._after_cr = False
        self._line: list[str] = []
        self._type = ""
        self._data: list[str] = []
        self._id = ""

    def feed(self, data: bytes) -> list[Decoded]:
        """Take the next bytes; return the events they complete."""
        text = self._text.decode(data)
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix(_BOM)
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        if not text:
            return []
        self._after_cr = text.endswith("\r")
        *lines, rest = _LINE_END.split(text)
        events = [event for line in lines if (event := self._end_line(line)) is not None]
        if rest:
            self._line.append(rest)
        return events

    def _end_line(self, end: str) -> Decoded | None:
        line = "".join((*self._line, end))
        self._line.clear()
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        self._take_field(name, value.removeprefix(" "))
        return None

    def _take_field(self, name: str, value: str) -> None:
        match name:
            case "event":
                self._type = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = int(value)
            case _:  # a comment (no name), or a field from the future
                pass

    def _dispatch(self) -> Decoded | None:
        self.last_event_id = self._id
        kind, data = self._type or "message", self._data
        self._type, self._data = "", []
        return Decoded(kind, "\n".join(data), self._id) if data else None

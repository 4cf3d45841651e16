"""Bytes of an upstream's body to lines, whatever way the network cut them."""

from __future__ import annotations

from lib.streaming.errors import UpstreamFailure

MAX_LINE_BYTES = 8 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"


class LineDecoder:
    """Cut bytes into lines that end with LF, CR or CRLF; one leading byte order mark is dropped.

    Every line given out is valid UTF-8. After a line that is not, or one longer than `max_line_bytes`
    (finished or not), `failure` is set (`upstream_protocol`) and nothing more comes out.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self.failure: UpstreamFailure | None = None
        self._max = max_line_bytes
        self._held = bytearray()
        self._at_start = True
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the lines they complete."""
        if self._at_start:
            data = self._without_bom(data)
        if not data or self.failure is not None:
            return []
        if self._after_cr or b"\r" in data:
            data = self._with_lf_only(data)
        head, newline, rest = data.rpartition(b"\n")
        lines = self._complete(head) if newline else []
        self._hold(rest)
        return lines

    def finish(self) -> list[bytes]:
        """The last line if it has no end; nothing if it stops in the middle of a character."""
        line, self._held = bytes(self._held), bytearray()
        if not line or self.failure is not None:
            return []
        return [line] if _is_utf8(line) else []

    def _without_bom(self, data: bytes) -> bytes:
        data = bytes(self._held) + data
        self._held.clear()
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._held += data
            return b""
        self._at_start = False
        return data.removeprefix(_BOM)

    def _with_lf_only(self, data: bytes) -> bytes:
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _complete(self, head: bytes) -> list[bytes]:
        if self._held:
            head = bytes(self._held) + head
            self._held.clear()
        lines = head.split(b"\n")
        if len(head) <= self._max and (head.isascii() or _is_utf8(head)):
            return lines
        return self._up_to_the_bad_one(lines)

    def _up_to_the_bad_one(self, lines: list[bytes]) -> list[bytes]:
        for at, line in enumerate(lines):
            if len(line) > self._max:
                self._fail_too_long()
            elif not _is_utf8(line):
                self.failure = UpstreamFailure(
                    "The model's answer is not valid UTF-8.", code="upstream_protocol", retryable=True
                )
            if self.failure is not None:
                return lines[:at]
        return lines

    def _hold(self, rest: bytes) -> None:
        if self.failure is not None:
            return
        self._held += rest
        if len(self._held) > self._max:
            self._held.clear()
            self._fail_too_long()

    def _fail_too_long(self) -> None:
        message = f"The model's answer holds a line of more than {self._max} bytes."
        self.failure = UpstreamFailure(message, code="upstream_protocol")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True

"""What the fake upstream is asked to do, written into the prompt so that it passes through any server unchanged."""

from __future__ import annotations

import re
import time

import msgspec

#: `~` and 17 digits of CLOCK_MONOTONIC nanoseconds, which all processes of a Linux machine share.
STAMP = re.compile(rb"~(\d{17})")
STAMP_BYTES = 18

_SCRIPT = re.compile(
    rb"bench tokens=(\d+) rate=(\d+) hold=([01]) gate=([01]) words=([01]) fault=([a-z0-9-]*) tag=([a-z0-9-]*)"
)


class Script(msgspec.Struct, frozen=True):
    """`tokens` pieces at `rate` a second (0: all at once), then the end, or with `hold` silence until released.

    With `gate` the first token waits for the release too. A token is a stamp of the moment it was sent, or with `words` a plain word of four letters and a space. A `fault`
    (`bench.faults`) happens when half of the tokens are out.
    """

    tokens: int
    rate: int = 0
    hold: bool = False
    gate: bool = False
    words: bool = False
    fault: str = ""
    tag: str = ""

    def text(self) -> str:
        flags = f"hold={self.hold:d} gate={self.gate:d} words={self.words:d}"
        return f"bench tokens={self.tokens} rate={self.rate} {flags} fault={self.fault} tag={self.tag}"

    @classmethod
    def find(cls, body: bytes) -> Script:
        """The script within a request body; raise ValueError if there is none."""
        if not (found := _SCRIPT.search(body)):
            raise ValueError("the request body holds no `bench tokens=… rate=… hold=… gate=… words=… fault=… tag=…`")
        tokens, rate, hold, gate, words = (int(group) for group in found.groups()[:5])
        flags = bool(hold), bool(gate), bool(words)
        return cls(tokens, rate, *flags, found[6].decode(), found[7].decode())


def stamp() -> bytes:
    return b"~%017d" % time.monotonic_ns()

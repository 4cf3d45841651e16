"""Joins the halves of characters that an upstream cut apart in its JSON escapes."""

from __future__ import annotations

import re

_LONE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


class HalfJoiner:
    """Feed it texts in order; what comes out is always valid Unicode.

    A high half at the end of a text waits for its low half in the next one; a half that stays alone becomes
    U+FFFD.
    """

    def __init__(self) -> None:
        self.held = ""

    def take(self, text: str) -> str:
        text, self.held = self.held + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self.held = text[:-1], text[-1]
        return whole(text)

    def flush(self) -> str:
        held, self.held = self.held, ""
        return _REPLACEMENT if held else ""


def whole(text: str) -> str:
    """Pairs of halves joined, lone halves replaced."""
    return _LONE.sub(_REPLACEMENT, text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))

"""How messages name values and near misses; what a sender wrote is shown short."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

_SHOWN_CHARACTERS = 60
_SHOWN_WORDS = 20
_COMPARED_WORDS = 60
_KINDS = {
    type(None): "null",
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


def json_kind(value: object) -> str:
    """The word a person knows a JSON value's type by."""
    return _KINDS.get(type(value), "something that is no JSON")


def shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def listed(words: Collection[str]) -> str:
    names = [shown(word) for word in list(words)[:_SHOWN_WORDS]]
    return ", ".join(names) + (" …" if len(words) > _SHOWN_WORDS else "")


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word somebody probably meant; not looked for where looking would take long."""
    if len(word) > _SHOWN_CHARACTERS or len(known) > _COMPARED_WORDS:
        return None
    folded = {name.replace("_", "").lower(): name for name in known}
    close = get_close_matches(word.replace("_", "").lower(), folded, n=1)
    return folded[close[0]] if close else None


def suggestion(word: str, known: Collection[str], otherwise: str) -> str:
    """`Did you mean 'x'?`, or else the given advice."""
    meant = nearest(word, known)
    return otherwise if meant is None else f"Did you mean '{shown(meant)}'?"

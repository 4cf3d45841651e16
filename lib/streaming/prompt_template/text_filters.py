"""Filters that make text of text. A Misfit is a problem for the author."""

from __future__ import annotations

import re
from collections.abc import Callable

from lib.streaming.prompt_template.limits import CHANGED, COPIED, SPLIT, TITLED
from lib.streaming.prompt_template.values import json_of, text_of, whole_number
from lib.streaming.prompt_template.work import Work
from lib.streaming.types import Value

_MAX_INDENT = 40
_TITLE_WORD = re.compile(r"[^-\s({\[<]+")
_COUNTED_WORD = re.compile(r"\w+")


def upper(value: Value, work: Work) -> str:
    return changed(text_of(value, work), work, str.upper)


def lower(value: Value, work: Work) -> str:
    return changed(text_of(value, work), work, str.lower)


def capitalize(value: Value, work: Work) -> str:
    return changed(text_of(value, work), work, str.capitalize)


def title(value: Value, work: Work) -> str:
    text = text_of(value, work)
    work.spend(len(text) * TITLED)
    return _TITLE_WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), text)


def trim(value: Value, work: Work) -> str:
    """Without Jinja2's set of characters: its cost is the text's length times the set's."""
    text = text_of(value, work)
    work.make(len(text))
    return text.strip()


def truncate(
    value: Value, work: Work, length: Value = 255, killwords: Value = False, end: Value = "...", leeway: Value = 5
) -> str:
    text, ending, size = text_of(value, work), text_of(end, work), whole_number(length)
    if len(text) <= size + whole_number(leeway):
        return text
    work.make(2 * min(len(text), size) + len(ending))
    kept = text[: max(size - len(ending), 0)]
    return (kept if killwords else kept.rsplit(" ", 1)[0]) + ending


def indent(value: Value, work: Work, width: Value = 4, first: Value = False, blank: Value = False) -> str:
    text, pad = text_of(value, work), " " * whole_number(width, most=_MAX_INDENT)
    work.spend(len(text) * SPLIT)
    numbered = enumerate(text.split("\n"))
    return work.join((pad + line if (number or first) and (line or blank) else line for number, line in numbered), "\n")


def wordcount(value: Value, work: Work) -> int:
    text = text_of(value, work)
    work.spend(len(text) * SPLIT)
    return sum(1 for _ in _COUNTED_WORD.finditer(text))


def tojson(value: Value, work: Work) -> str:
    """Compact JSON. A prompt is no web page, so nothing is escaped for one; no indent, which multiplies with depth."""
    return json_of(value, work)


def changed(text: str, work: Work, change: Callable[[str], str]) -> str:
    work.spend(len(text) * (COPIED if text.isascii() else CHANGED))
    return change(text)

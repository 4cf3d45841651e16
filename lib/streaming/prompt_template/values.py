"""Plain values: taken over as copies, weighed, and written as text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Final

from lib.streaming.prompt_template.limits import (
    ITEM,
    MAX_ITEMS,
    MAX_JSON,
    MAX_NESTING,
    MAX_TEXT,
    QUOTED,
    SPELLED,
    VISITED,
)
from lib.streaming.prompt_template.problems import Misfit, TemplateCode, TemplateError, refusal
from lib.streaming.prompt_template.work import Work
from lib.streaming.types import Value

#: JSON's own integers fit; larger ones make hashing and printing dear.
INTEGER_BITS = 63
_UNBOUNDED: Final = (str, bool, type(None))
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class PlainValues:
    """Copies what a rendering is given into str, int, float, bool, None, list and dict; refuses anything else."""

    def __init__(self) -> None:
        self._items = 0

    def copied(self, name: str, value: object) -> Value:
        return self._copy(name, value, MAX_NESTING)

    def _copy(self, name: str, value: object, nesting: int) -> Value:
        # Exact types only: a subclass could bring its own code along.
        match value:
            case str() | bool() | None if type(value) in _UNBOUNDED:
                return value
            case int() if type(value) is int and value.bit_length() <= INTEGER_BITS:
                return value
            case float() if type(value) is float and math.isfinite(value):
                return value
            case list() | tuple() if type(value) in (list, tuple):
                inner = self._enter(name, len(value), nesting)
                return [item if type(item) is str else self._copy(name, item, inner) for item in value]
            case dict() if type(value) is dict:
                inner = self._enter(name, len(value), nesting)
                return {self._key(name, key): self._copy(name, item, inner) for key, item in value.items()}
        raise _refused(name, f"holds something that is no text, number, list or object ({type(value).__name__})")

    def _enter(self, name: str, items: int, nesting: int) -> int:
        self._items += items
        if self._items > MAX_ITEMS:
            raise _refused(name, f"brings the values past {MAX_ITEMS} items")
        if nesting == 0:
            raise _refused(name, f"is nested more than {MAX_NESTING} levels deep")
        return nesting - 1

    def _key(self, name: str, key: object) -> str:
        if type(key) is not str:
            raise _refused(name, "has a key that is no text")
        return key


def weight(value: Value, work: Work) -> int:
    """Characters in a value; pays for every item on the way."""
    match value:
        case str():
            return len(value)
        case list():
            work.spend(ITEM * len(value))
            return sum(weight(item, work) + 1 for item in value)
        case dict():
            work.spend(ITEM * len(value))
            return sum(len(key) + weight(item, work) + 1 for key, item in value.items())
        case _:
            return 1


def text_of(value: Value, work: Work) -> str:
    """How a value reads in a prompt: nothing for none, `a, b` for a list, compact JSON for an object."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            work.spend(SPELLED)
            return repr(value)
        case list():
            return work.join((text_of(item, work) for item in value), ", ")
        case dict():
            return json_of(value, work)


def json_of(value: Value, work: Work) -> str:
    size = weight(value, work)
    if size > MAX_JSON:
        message = f"A value of {size} characters cannot be written as JSON; {MAX_JSON} are allowed."
        raise refusal(TemplateCode.OUTPUT_TOO_LARGE, message)
    work.spend(size * QUOTED)
    return _COMPACT.encode(value)


def items_of(value: Value, work: Work) -> Iterator[Value]:
    """The items of a list or the keys of an object, paid for one by one. Raises Misfit for anything else."""
    if not isinstance(value, (list, dict)):
        raise Misfit("only a list or an object has items to loop over")
    for item in value:
        work.spend(VISITED)
        yield item


def whole_number(value: Value, most: int = MAX_TEXT) -> int:
    if not isinstance(value, int) or not 0 <= value <= most:
        raise Misfit(f"it takes a whole number from 0 to {most}")
    return value


def kind_of(value: Value) -> str:
    """The word an author knows a value's type by."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"


def _refused(name: str, reason: str) -> TemplateError:
    return refusal(TemplateCode.WRONG_VALUE, f"The value '{name}' {reason}.", name=name)

"""Filters for lists, objects and numbers. A Misfit is a problem for the author."""

from __future__ import annotations

import math

from lib.streaming.prompt_template.limits import CHANGED, ITEM, VISITED
from lib.streaming.prompt_template.problems import Misfit, undefined
from lib.streaming.prompt_template.text_filters import changed
from lib.streaming.prompt_template.values import INTEGER_BITS, items_of, kind_of, text_of, weight, whole_number
from lib.streaming.prompt_template.work import Work
from lib.streaming.types import Value

_MAX_DIGITS = 300
_MAX_PRECISION = 15


def default(value: Value, work: Work, fallback: Value = "", boolean: Value = False) -> Value:
    """The fallback for what is missing or not given; with `boolean` also for empty text, 0 and false."""
    work.spend(ITEM)
    return fallback if value is None or (boolean and not value) else value


def length(value: Value, work: Work) -> int:
    work.spend(ITEM)
    if not isinstance(value, (str, list, dict)):
        raise Misfit(f"it measures text, a list or an object, not {kind_of(value)}")
    return len(value)


def first(value: Value, work: Work) -> Value:
    return _picked(value, work, 0)


def last(value: Value, work: Work) -> Value:
    return _picked(value, work, -1)


def reverse(value: Value, work: Work) -> Value:
    if not isinstance(value, list):
        text = text_of(value, work)
        work.make(len(text))
        return text[::-1]
    work.spend(ITEM * len(value))
    return value[::-1]


def join(value: Value, work: Work, d: Value = "") -> str:
    separator = text_of(d, work)
    return work.join((text_of(item, work) for item in items_of(value, work)), separator)


def items(value: Value, work: Work) -> Value:
    if not isinstance(value, dict):
        raise Misfit(f"it takes an object apart, not {kind_of(value)}")
    work.spend(VISITED * len(value))
    return [[key, item] for key, item in value.items()]


def sort(value: Value, work: Work, reverse: Value = False, case_sensitive: Value = False) -> Value:
    listed = list(items_of(value, work))
    work.spend((weight(listed, work) + ITEM * len(listed)) * len(listed).bit_length() + VISITED * len(listed))
    keyed = [_folded(item, work, case_sensitive) for item in listed]
    order = _order(keyed, reverse=bool(reverse))
    return [listed[number] for number in order]


def unique(value: Value, work: Work, case_sensitive: Value = False) -> Value:
    seen: dict[object, Value] = {}
    for item in items_of(value, work):
        if isinstance(item, (list, dict)):
            raise Misfit("it compares texts and numbers, not lists and objects")
        work.spend(VISITED)
        seen.setdefault(_folded(item, work, case_sensitive), item)
    return list(seen.values())


def integer(value: Value, work: Work, default: Value = 0) -> Value:
    number = _number(value, work)
    if number is None or abs(number) >= 1 << INTEGER_BITS:
        return default
    return int(number)


def floating(value: Value, work: Work, default: Value = 0.0) -> Value:
    number = _number(value, work)
    return default if number is None else float(number)


def rounded(value: Value, work: Work, precision: Value = 0, method: Value = "common") -> Value:
    """As Jinja2: always a float; `method` is common, ceil or floor."""
    work.spend(ITEM)
    if not isinstance(value, (int, float)):
        raise Misfit(f"it rounds a number, not {kind_of(value)}; make one with | float")
    digits = whole_number(precision, most=_MAX_PRECISION)
    scaled = value * 10.0**digits
    if not math.isfinite(scaled):
        return float(value)
    match method:
        case "common":
            return float(round(value, digits))
        case "ceil":
            return math.ceil(scaled) / 10.0**digits
        case "floor":
            return math.floor(scaled) / 10.0**digits
        case _:
            raise Misfit("its method is common, ceil or floor")


def _picked(value: Value, work: Work, index: int) -> Value:
    work.spend(ITEM)
    if not isinstance(value, (str, list)):
        raise Misfit(f"it picks from a list or text, not from {kind_of(value)}")
    if not value:
        raise undefined("An empty list or text has no first or last item; add | default('…').")
    return value[index]


def _order(keys: list[object], *, reverse: bool) -> list[int]:
    if not (all(isinstance(key, str) for key in keys) or all(isinstance(key, (int, float)) for key in keys)):
        raise Misfit("it sorts a list of texts, or a list of numbers")
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)  # type: ignore[arg-type]


def _folded(item: Value, work: Work, case_sensitive: Value) -> object:
    return changed(item, work, str.lower) if isinstance(item, str) and not case_sensitive else item


def _number(value: Value, work: Work) -> int | float | None:
    """The number a value is or spells, if it is finite."""
    work.spend(ITEM)
    if isinstance(value, str):
        work.spend(len(value) * CHANGED)
        value = _spelled_number(value)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


def _spelled_number(text: str) -> int | float | None:
    if len(text) > _MAX_DIGITS:
        return None
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return None

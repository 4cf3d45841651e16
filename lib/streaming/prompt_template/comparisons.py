"""Comparing two values, at a price that grows with what is read."""

from __future__ import annotations

from lib.streaming.prompt_template.limits import READ, SEARCHED
from lib.streaming.prompt_template.problems import Misfit
from lib.streaming.prompt_template.values import items_of, kind_of, weight
from lib.streaming.prompt_template.work import Work
from lib.streaming.types import Value


def compared(left: Value, sign: str, right: Value, work: Work) -> bool:
    """Jinja2's signs (`eq`, `ne`, `lt`, `lteq`, `gt`, `gteq`, `in`, `notin`). Raises Misfit if they do not fit."""
    match sign:
        case "eq":
            return _equal(left, right, work)
        case "ne":
            return not _equal(left, right, work)
        case "in":
            return _within(left, right, work)
        case "notin":
            return not _within(left, right, work)
        case _:
            return _ordered(left, sign, right, work)


def _equal(left: Value, right: Value, work: Work) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        work.spend(min(len(left), len(right)) * READ)
    elif isinstance(left, (list, dict)) and isinstance(right, (list, dict)):
        work.spend((weight(left, work) + weight(right, work)) * READ)
    return left == right


def _within(part: Value, whole: Value, work: Work) -> bool:
    match whole:
        case str() if isinstance(part, str):
            work.spend(len(whole) * SEARCHED)
            return part in whole
        case list():
            return any(_equal(part, item, work) for item in items_of(whole, work))
        case dict():
            return isinstance(part, str) and part in whole
        case _:
            raise Misfit(f"{kind_of(part)} cannot be in {kind_of(whole)}")


def _ordered(left: Value, sign: str, right: Value, work: Work) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        work.spend(min(len(left), len(right)) * READ)
        return _holds((left > right) - (left < right), sign)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _holds((left > right) - (left < right), sign)
    raise Misfit(f"{kind_of(left)} is neither before nor after {kind_of(right)}; make numbers with | int")


def _holds(order: int, sign: str) -> bool:
    return {"lt": order < 0, "lteq": order <= 0, "gt": order > 0, "gteq": order >= 0}[sign]

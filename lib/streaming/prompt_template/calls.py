"""Filters and tests put to their operands; what is missing is answered for here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.streaming.prompt_template.filters import FILTERS
from lib.streaming.prompt_template.frame import Expression, Frame
from lib.streaming.prompt_template.limits import MISSING
from lib.streaming.prompt_template.predicates import PREDICATES
from lib.streaming.prompt_template.problems import Misfit, TemplateCode, TemplateError, UndefinedValue, refusal
from lib.streaming.types import Value

_ANSWERS_FOR_MISSING = frozenset({"d", "default"})
_ASKS_FOR_MISSING = {"defined": False, "undefined": True}


def filtered(
    name: str, operand: Expression, arguments: Sequence[Expression], named: Mapping[str, Expression]
) -> Expression:
    apply = FILTERS[name]
    operand = _or_nothing(operand) if name in _ANSWERS_FOR_MISSING else operand

    def evaluate(frame: Frame) -> Value:
        value = operand(frame)
        given = [argument(frame) for argument in arguments]
        keywords = {key: argument(frame) for key, argument in named.items()}
        try:
            return apply(value, frame.work, *given, **keywords)
        except Misfit as wrong:
            raise _does_not_fit("filter", name, wrong) from None

    return evaluate


def tested(name: str, operand: Expression) -> Expression:
    holds = PREDICATES[name]
    if name in _ASKS_FOR_MISSING:
        return _missing_or_not(operand, if_missing=_ASKS_FOR_MISSING[name])

    def evaluate(frame: Frame) -> Value:
        try:
            return holds(operand(frame))
        except Misfit as wrong:
            raise _does_not_fit("test", name, wrong) from None

    return evaluate


def _or_nothing(operand: Expression) -> Expression:
    def evaluate(frame: Frame) -> Value:
        try:
            return operand(frame)
        except UndefinedValue:
            frame.work.spend(MISSING)
            return None

    return evaluate


def _missing_or_not(operand: Expression, *, if_missing: bool) -> Expression:
    def evaluate(frame: Frame) -> Value:
        try:
            operand(frame)
        except UndefinedValue:
            frame.work.spend(MISSING)
            return if_missing
        return not if_missing

    return evaluate


def _does_not_fit(kind: str, name: str, wrong: Misfit) -> TemplateError:
    return refusal(TemplateCode.WRONG_VALUE, f"The {kind} '{name}' does not fit here: {wrong}.")

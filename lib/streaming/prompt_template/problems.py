"""What can be wrong with a template, told to its author."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

import msgspec

from lib.streaming.errors import TemplateFailure

_SHOWN = 5
_NAME_CHARACTERS = 80


class TemplateCode(StrEnum):
    """Stable codes: the first seven are found on save, the others only while rendering."""

    SYNTAX = "template_syntax"
    FORBIDDEN = "template_forbidden"
    UNKNOWN_NAME = "template_unknown_name"
    TOO_LARGE = "template_too_large"
    TOO_COMPLEX = "template_too_complex"
    TOO_MANY_PLACEHOLDERS = "template_too_many_placeholders"
    WRONG_ARGUMENTS = "template_wrong_arguments"
    UNDEFINED = "template_undefined"
    WRONG_VALUE = "template_wrong_value"
    OUTPUT_TOO_LARGE = "template_output_too_large"
    TOO_MUCH_WORK = "template_too_much_work"
    EMPTY = "template_empty"


class TemplateProblem(msgspec.Struct, frozen=True):
    """One problem: what, where and what to do. `line` counts from 1; `name` is the value's name it is about."""

    code: TemplateCode
    message: str
    line: int | None = None
    name: str | None = None


class TemplateError(TemplateFailure):
    """A template was refused or could not be rendered; `problems` holds every reason found."""

    def __init__(self, problems: Sequence[TemplateProblem]) -> None:
        shown = [located(problem) for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            shown.append(f"{len(problems) - _SHOWN} more problems.")
        super().__init__(" ".join(shown))
        self.problems = tuple(problems)

    def at(self, line: int) -> Self:
        """The same error, with the line put to the problems that have none."""
        if all(problem.line is not None for problem in self.problems):
            return self
        return type(self)([_placed(problem, line) for problem in self.problems])


class UndefinedValue(TemplateError):
    """A part of a value is not there: the one failure `default` and `is defined` answer for."""


class Misfit(Exception):
    """A value or argument that a filter, test or comparison cannot take; the reason reads on after a colon."""


def refusal(code: TemplateCode, message: str, line: int | None = None, name: str | None = None) -> TemplateError:
    return TemplateError([TemplateProblem(code, message, line, name)])


def undefined(message: str, line: int | None = None) -> UndefinedValue:
    return UndefinedValue([TemplateProblem(TemplateCode.UNDEFINED, message, line)])


def shown(text: str) -> str:
    """A piece of the author's own text, short enough for a message."""
    return text if len(text) <= _NAME_CHARACTERS else f"{text[:_NAME_CHARACTERS]}…"


def located(problem: TemplateProblem) -> str:
    """The message with its line in front."""
    return problem.message if problem.line is None else f"Line {problem.line}: {problem.message}"


def _placed(problem: TemplateProblem, line: int) -> TemplateProblem:
    return problem if problem.line is not None else msgspec.structs.replace(problem, line=line)

"""The way in: check a template, name what it uses, compile it, render it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

import msgspec

from lib.streaming.prompt_template.allow_list import Inspection
from lib.streaming.prompt_template.frame import Frame, Page, Statement
from lib.streaming.prompt_template.limits import MAX_PROBLEMS, MAX_WORK
from lib.streaming.prompt_template.problems import TemplateCode, TemplateError, TemplateProblem, refusal, shown
from lib.streaming.prompt_template.statements import block
from lib.streaming.prompt_template.syntax import parse
from lib.streaming.prompt_template.values import PlainValues
from lib.streaming.prompt_template.work import Work
from lib.streaming.types import Value

_LISTED_NAMES = 12
_ADVISED_NAMES = 5
_ADVISED_CHARACTERS = 40
_LITERALLY = "Braces meant literally go between {% raw %} and {% endraw %}."


class Template(msgspec.Struct, frozen=True):
    """A template that passed every check. `names` are the values it needs."""

    names: frozenset[str]
    body: Statement

    def render(self, values: Mapping[str, Value], work_units: int = MAX_WORK) -> str:
        """The text for these values, in one pass: what a value holds is never read as template.

        Raises TemplateError: a name without a value, a value of the wrong kind, too much text or work.
        """
        if missing := sorted(self.names - values.keys()):
            raise TemplateError([_without_value(name) for name in missing])
        plain, work = PlainValues(), Work(work_units)
        page = Page(work)
        given = {name: plain.copied(name, values[name]) for name in sorted(self.names)}
        try:
            self.body(Frame(given, page, work))
            return page.text()
        except (MemoryError, RecursionError):
            message = "Rendering this template ran out of memory or nesting: use several prompts, or shorter values."
            raise refusal(TemplateCode.TOO_MUCH_WORK, message) from None


def check_template(source: str, known_names: Collection[str]) -> list[TemplateProblem]:
    """Every problem of a template, by line; it may use the known names. Parses only: nothing is compiled or run."""
    try:
        found = Inspection(parse(source))
    except TemplateError as refused:
        return list(refused.problems)
    return sorted([*found.problems, *_unknown(found.names, known_names)], key=lambda problem: problem.line or 0)


def referenced_names(source: str) -> frozenset[str]:
    """The values a template uses; none if it cannot be read."""
    try:
        return frozenset(Inspection(parse(source)).names)
    except TemplateError:
        return frozenset()


def compile_template(source: str) -> Template:
    """A template ready to render. Raises TemplateError with every problem but unknown names, which rendering finds."""
    tree = parse(source)
    found = Inspection(tree)
    if found.problems:
        raise TemplateError(found.problems)
    return Template(frozenset(found.names), block(tree.body))


def _unknown(used: Mapping[str, int], known: Collection[str]) -> Iterator[TemplateProblem]:
    unknown = [(name, line) for name, line in used.items() if name not in known]
    for number, (name, line) in enumerate(unknown[:MAX_PROBLEMS]):
        near = _near(name, known) if number < _ADVISED_NAMES else []
        advice = f"Did you mean '{near[0]}'?" if near else f"Known here: {_listed(known)}."
        message = f"There is no value named '{shown(name)}' at this prompt. {advice} {_LITERALLY}"
        yield TemplateProblem(TemplateCode.UNKNOWN_NAME, message, line, shown(name))


def _near(name: str, known: Collection[str]) -> list[str]:
    # The search is quadratic in the lengths, so a name no author typed gets no advice.
    return difflib.get_close_matches(name, known, n=1) if len(name) <= _ADVISED_CHARACTERS else []


def _listed(known: Collection[str]) -> str:
    names = list(known)
    return (
        ", ".join(names[:_LISTED_NAMES]) + ("…" if len(names) > _LISTED_NAMES else "") if names else "no names at all"
    )


def _without_value(name: str) -> TemplateProblem:
    message = f"There is no value for '{shown(name)}'; the prompt was not sent."
    return TemplateProblem(TemplateCode.UNKNOWN_NAME, message, name=shown(name))

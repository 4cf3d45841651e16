"""Hostile templates are refused by parsing alone (catalogue cases 54 and 55; lesson L-58)."""

from __future__ import annotations

import ast
import builtins
import time
import tracemalloc
from collections.abc import Callable

import jinja2
import pytest

from lib.streaming.prompt_template.problems import TemplateCode, TemplateError
from lib.streaming.prompt_template.template import check_template, compile_template
from tests.support.hostile_templates import KNOWN_NAMES, REFUSED

#: What a check may take is 50 ms; a shared machine needs room above that before a red test means something.
SECONDS = 0.5
COMPILE: Callable[..., object] = builtins.compile
MEGABYTES_10 = 10 * 1024 * 1024


def parse_only(source: object, filename: str, mode: str, flags: int = 0, **more: int) -> object:
    assert flags & ast.PyCF_ONLY_AST, "a check must not compile anything"
    return COMPILE(source, filename, mode, flags, **more)


def never(*_: object, **__: object) -> None:
    raise AssertionError("a check must not compile anything")


def test_the_corpus_holds_more_hostile_templates_than_the_catalogue_asks_for() -> None:
    assert len(REFUSED) >= 56


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_template_is_refused_at_once_and_nothing_is_compiled(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(jinja2.Environment, "compile", never)
        patched.setattr(builtins, "compile", parse_only)
        started = time.thread_time()
        problems = check_template(source, KNOWN_NAMES)
        seconds = time.thread_time() - started
    assert seconds < SECONDS
    assert problems
    assert all(problem.message and len(problem.message) < 1_000 for problem in problems)
    assert all(problem.line is None or problem.line >= 1 for problem in problems)


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_template_that_got_into_storage_fails_instead_of_running(source: str) -> None:
    with pytest.raises(TemplateError) as refused:
        compile_template(source).render(dict.fromkeys(KNOWN_NAMES, "x"))
    assert refused.value.code == "template_error"
    assert refused.value.problems


@pytest.mark.parametrize("name", [name for name, source in REFUSED.items() if len(source) > 100_000])
def test_checking_a_large_template_needs_little_memory(name: str) -> None:
    tracemalloc.start()
    check_template(REFUSED[name], KNOWN_NAMES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEGABYTES_10


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ s", TemplateCode.SYNTAX),
        ("{{ s() }}", TemplateCode.FORBIDDEN),
        ("{{ ghost }}", TemplateCode.UNKNOWN_NAME),
        ("a" * 200_001, TemplateCode.TOO_LARGE),
        ("{{ " + "not " * 100 + "s }}", TemplateCode.TOO_COMPLEX),
        ("{{ s }}" * 51, TemplateCode.TOO_MANY_PLACEHOLDERS),
        ("{{ s | indent(1, 2, 3, 4) }}", TemplateCode.WRONG_ARGUMENTS),
    ],
)
def test_every_kind_of_refusal_has_its_own_code(source: str, code: TemplateCode) -> None:
    assert [problem.code for problem in check_template(source, KNOWN_NAMES)] == [code]


def test_every_problem_is_told_at_once_with_its_line() -> None:
    source = "{{ ghost }}\n{% set a = 1 %}\n{{ s | nothing }} {{ s.__class__ }}\n{{ phantom() }}"
    problems = check_template(source, KNOWN_NAMES)
    assert [(problem.line, problem.code, problem.name) for problem in problems] == [
        (1, "template_unknown_name", "ghost"),
        (2, "template_forbidden", None),
        (3, "template_forbidden", "nothing"),
        (3, "template_forbidden", "__class__"),
        (4, "template_forbidden", None),
        (4, "template_unknown_name", "phantom"),
    ]


def test_an_unknown_name_comes_with_the_name_that_was_meant() -> None:
    (problem,) = check_template("{{ topc }}", ["topic", "grade"])
    assert "'topc'" in problem.message
    assert "Did you mean 'topic'?" in problem.message


def test_an_unknown_name_without_a_likeness_comes_with_the_known_ones() -> None:
    (problem,) = check_template("{{ zzz }}", ["topic", "grade"])
    assert "Known here: topic, grade." in problem.message


def test_names_that_a_loop_binds_are_known_inside_it_only() -> None:
    source = "{% for x in xs %}{{ x }}{{ loop.index }}{% else %}{{ x }}{% endfor %}\n{{ x }}"
    assert [problem.name for problem in check_template(source, KNOWN_NAMES)] == ["x"]


def test_loop_facts_are_known_inside_a_loop_only() -> None:
    assert check_template("{% for x in xs %}{{ loop.first }}{% endfor %}", KNOWN_NAMES) == []
    assert [problem.name for problem in check_template("{{ loop.first }}", KNOWN_NAMES)] == ["loop"]

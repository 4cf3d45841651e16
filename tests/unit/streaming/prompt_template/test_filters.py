"""What each filter makes of its value."""

from __future__ import annotations

import pytest

from lib.streaming.prompt_template.filters import FILTERS
from lib.streaming.prompt_template.problems import TemplateCode, TemplateError
from lib.streaming.prompt_template.template import check_template, compile_template
from lib.streaming.types import Value

VALUES: dict[str, Value] = {
    "name": "ada lovelace",
    "padded": "  x  ",
    "lines": "a\n\nb",
    "long": "one two three four five six seven",
    "xs": ["b", "A", "a", "C"],
    "ns": [3, 1.5, 2],
    "d": {"b": 2, "a": 1},
    "empty": "",
    "nothing": None,
    "zero": 0,
    "mixed": ["a", 1],
}

TABLE = [
    ("name | capitalize", "Ada lovelace"),
    ("name | title", "Ada Lovelace"),
    ('"it\'s a-b (c)" | title', "It's A-B (C)"),
    ("name | upper | lower", "ada lovelace"),
    ("'straße' | upper", "STRASSE"),
    ("'[' ~ padded | trim ~ ']'", "[x]"),
    ("long | truncate(15)", "one two..."),
    ("long | truncate(15, true)", "one two thre..."),
    ("long | truncate(length=7, end='…', leeway=0)", "one…"),
    ("long | truncate", "one two three four five six seven"),
    ("lines | indent(2)", "a\n\n  b"),
    ("lines | indent(width=1, first=true, blank=true)", " a\n \n b"),
    ("long | wordcount", "7"),
    ("name | length", "12"),
    ("xs | count", "4"),
    ("d | length", "2"),
    ("nothing | default('none')", "none"),
    ("empty | default('none')", ""),
    ("empty | d('none', true)", "none"),
    ("zero | default(9, boolean=true)", "9"),
    ("xs | first", "b"),
    ("name | last", "e"),
    ("xs | reverse", "C, a, A, b"),
    ("name | reverse", "ecalevol ada"),
    ("xs | join", "bAaC"),
    ("xs | join(' and ')", "b and A and a and C"),
    ("d | join(',')", "b,a"),
    ("ns | join('+')", "3+1.5+2"),
    ("xs | sort", "A, a, b, C"),
    ("xs | sort(case_sensitive=true)", "A, C, a, b"),
    ("ns | sort(reverse=true)", "3, 2, 1.5"),
    ("d | sort", "a, b"),
    ("xs | unique", "b, A, C"),
    ("xs | unique(case_sensitive=true)", "b, A, a, C"),
    ("d | items | tojson", '[["b",2],["a",1]]'),
    ("d | tojson", '{"b":2,"a":1}'),
    ("'<&>\"ä' | tojson", '"<&>\\"ä"'),
    ("'42' | int", "42"),
    ("' 4.9 ' | int", "4"),
    ("'x' | int", "0"),
    ("'x' | int(-1)", "-1"),
    ("'1e999' | int", "0"),
    ("'99999999999999999999' | int", "0"),
    ("nothing | int(7)", "7"),
    ("'1.5' | float", "1.5"),
    ("'nan' | float", "0.0"),
    ("3 ~ '' | float(2.5)", "32.5"),
    ("[2.567 | round(2), 2.5 | round, 7 | round]", "2.57, 2.0, 7.0"),
    ("[2.11 | round(1, 'ceil'), 2.19 | round(1, method='floor')]", "2.2, 2.1"),
]


@pytest.mark.parametrize(("expression", "text"), TABLE)
def test_a_filter_makes_what_the_table_says(expression: str, text: str) -> None:
    source = f"{{{{ {expression} }}}}"
    assert check_template(source, VALUES) == []
    assert compile_template(source).render(VALUES) == text


def test_every_filter_is_in_the_table() -> None:
    used = {name for name in FILTERS if any(f"| {name}" in expression for expression, _ in TABLE)}
    assert used == set(FILTERS)


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("name | truncate('x')", "whole number"),
        ("name | truncate(-1)", "whole number"),
        ("name | indent(41)", "0 to 40"),
        ("zero | length", "not a number"),
        ("zero | first", "a number"),
        ("name | join", "loop over"),
        ("xs | items", "not a list"),
        ("mixed | sort", "list of texts, or a list of numbers"),
        ("[[1]] | unique", "not lists and objects"),
        ("name | round", "| float"),
        ("1 ~ '' | round", "| float"),
        ("1.5 | round(1, 'up')", "common, ceil or floor"),
        ("1.5 | round(16)", "0 to 15"),
    ],
)
def test_a_filter_that_does_not_fit_says_what_it_takes(expression: str, hint: str) -> None:
    with pytest.raises(TemplateError) as failed:
        compile_template(f"{{{{ {expression} }}}}").render(VALUES)
    (problem,) = failed.value.problems
    assert problem.code == TemplateCode.WRONG_VALUE
    assert hint in problem.message


@pytest.mark.parametrize(
    ("expression", "usage"),
    [
        ("name | upper(1)", "()"),
        ("name | default", None),
        ("name | indent(depth=1)", "(width=4, first=False, blank=False)"),
        ("name | indent(1, width=1)", "(width=4, first=False, blank=False)"),
        ("name is defined(1)", "()"),
    ],
)
def test_arguments_are_checked_before_anything_runs(expression: str, usage: str | None) -> None:
    problems = check_template(f"{{{{ {expression} }}}}", VALUES)
    assert [problem.code for problem in problems] == ([] if usage is None else [TemplateCode.WRONG_ARGUMENTS])
    assert usage is None or usage in problems[0].message

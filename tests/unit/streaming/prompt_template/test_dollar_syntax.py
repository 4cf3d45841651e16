"""Both spellings of a name mean the same value, and nothing else is taken for one (lessons L-08 and L-58)."""

from __future__ import annotations

import pytest

from lib.streaming.prompt_template.dollar_syntax import author_name
from lib.streaming.prompt_template.template import check_template, compile_template, referenced_names

NAMES = [
    "topic",
    "grade_level",
    "critique-clarity",
    "a--b",
    "step-1",
    "3-ideas",
    "3d",
    "2024",
    "007",
    "1_000",
    "1e5",
    "result_1",
    "prompt_0_output",
    "prompt-0193a1e5-7a2b-7c3d-8e4f-0123456789ab",
    "true",
    "none",
    "None",
    "not",
    "and",
    "in",
    "is",
    "if",
    "else",
    "for",
    "loop",
    "self",
    "super",
    "caller",
    "range",
    "größe",
    "ﬁ",
    "_private",
    "_name_61_",
    "x",
]

LITERAL = [
    "$5 and {not a variable}",
    "${not a variable}",
    "${} $ { } $x ${",
    "{topic} {0.__class__}",
    "$topic $(topic) #{topic} %{topic} %(topic)s",
    'JSON {"a": {"b": 1}} stays',
    "a }} b %} c #} d",
    "100 % of 7 { % } { { topic } }",
    r"\frac{a}{b} and \{x\}",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelling", ["${%s}", "{{ %s }}", "{{%s}}", "{{- %s -}}", "{{ %s | trim }}", "{{%s|trim}}"])
def test_every_spelling_of_a_name_means_its_value(name: str, spelling: str) -> None:
    source = f"<{spelling % name}>"
    assert referenced_names(source) == {name}
    assert check_template(source, [name]) == []
    assert compile_template(source).render({name: "value"}) == "<value>"


@pytest.mark.parametrize("name", [name for name in NAMES if "-" in name or name in ("3d", "007", "1_000", "größe")])
def test_such_a_name_is_one_word_in_larger_expressions_too(name: str) -> None:
    source = "{% if NAME == 'v' %}{{ NAME ~ '!' }}{% for NAME in [NAME] %}{{ NAME }}{% endfor %}{% endif %}"
    assert compile_template(source.replace("NAME", name)).render({name: "v"}) == "v!v"


def test_names_that_look_alike_stay_apart() -> None:
    values = {"fi": "two letters", "ﬁ": "a ligature", "a-b": "hyphen", "a_b": "underscore", "_name_612d62_": "alias"}
    source = "{{ fi }}, {{ ﬁ }}, {{ a-b }}, {{ a_b }}, {{ _name_612d62_ }}"
    assert compile_template(source).render(values) == "two letters, a ligature, hyphen, underscore, alias"


@pytest.mark.parametrize("text", LITERAL)
def test_whatever_is_no_placeholder_stays_as_it_is(text: str) -> None:
    assert check_template(text, []) == []
    assert compile_template(text).render({}) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("${{ price }}", "$5"),
        ("$${price}", "$5"),
        ("${price}${price}", "55"),
        ("{${price}}", "{5}"),
        ("{% raw %}${price} {{ price }}{% endraw %} ${price}", "${price} {{ price }} 5"),
        ("{# ${price} #}${price}", "5"),
        ("{{ '${price}' }}", "${price}"),
        ("one\n${price}\ntwo\n", "one\n5\ntwo\n"),
        ("{{ items[-1] }} {{ -1 }} {{ items[0] }}", "b -1 a"),
        ("{{ 1.5 }} {{ 'a' 'b' }} {{ [1, true, none] | tojson }}", "1.5 ab [1,true,null]"),
        (r"{{ 'line\nand \d \x00 \'quoted\'' }}", "line\nand \\d \\x00 'quoted'"),
    ],
)
def test_placeholders_are_read_where_they_stand_and_nowhere_else(source: str, text: str) -> None:
    assert compile_template(source).render({"price": 5, "items": ["a", "b"]}) == text


@pytest.mark.parametrize("name", ["__class__", "constructor", "toString", "__proto__", "items", "keys", "get"])
def test_a_name_that_nobody_gave_is_unknown_however_familiar_to_a_language(name: str) -> None:
    problems = check_template(f"${{{name}}} {{{{ {name} }}}}", ["topic"])
    assert [(problem.code, problem.name) for problem in problems] == [("template_unknown_name", name)]


def test_problems_after_a_placeholder_keep_their_line() -> None:
    (problem,) = check_template("${a}\n${a}\n{{- a -}}\n\n${ghost}", ["a"])
    assert problem.line == 5


def test_messages_show_names_as_written() -> None:
    (problem,) = check_template("{{ a-b c-d }}", ["a-b"])
    assert "c-d" in problem.message
    assert "_name_" not in problem.message


def test_a_broken_alias_in_a_message_is_no_second_error() -> None:
    assert author_name("_name_6_ _name_ff_") == "_name_6_ \ufffd"

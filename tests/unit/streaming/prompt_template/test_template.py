"""Rendering: values as text, names without a value, and values that look like templates (catalogue cases 56 and 57)."""

from __future__ import annotations

from enum import StrEnum

import pytest

from lib.streaming.errors import PromptFailure
from lib.streaming.prompt_template.problems import TemplateCode, TemplateError
from lib.streaming.prompt_template.template import check_template, compile_template, referenced_names
from lib.streaming.types import Value


def render(source: str, **values: Value) -> str:
    return compile_template(source).render(values)


def problem_codes(source: str, values: dict[str, Value]) -> list[TemplateCode]:
    with pytest.raises(TemplateError) as failed:
        compile_template(source).render(values)
    return [problem.code for problem in failed.value.problems]


LOOKS_LIKE_A_TEMPLATE = [
    "{{ secret }}",
    "{% for x in secret %}{{ x }}{% endfor %}",
    "${secret}",
    "{# gone #}",
    "{% raw %}",
    "&#123;&#123; secret &#125;&#125;",
    "&amp;#36;{secret}",
    r"\${secret} \{\{ secret \}\}",
    "$& $1 $$ $` \\1 \\g<0>",
    "{0.__class__} %(secret)s",
    "_name_736563726574_",
    "line\r\nend\r\x00\u2028\ud83d",
]


@pytest.mark.parametrize("text", LOOKS_LIKE_A_TEMPLATE)
def test_a_value_passes_three_prompts_byte_for_byte(text: str) -> None:
    carried: str = text
    for source in ("${value}", "{{ value }}", "{% for v in [value] %}{{ v }}{% endfor %}"):
        carried = compile_template(source).render({"value": carried, "secret": "CANARY"})
    assert carried == text


@pytest.mark.parametrize("text", LOOKS_LIKE_A_TEMPLATE)
def test_rendering_what_was_rendered_needs_the_author_to_store_it_as_a_template(text: str) -> None:
    once = compile_template("Say: {{ value }}").render({"value": text})
    again = compile_template("{{ value }}").render({"value": once})
    assert again == f"Say: {text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (2.5, "2.5"),
        (1e100, "1e+100"),
        (["a", "b"], "a, b"),
        ([], ""),
        ([1, None, True, ["x", "y"]], "1, , true, x, y"),
        ({"a": [1, "ä"], "b": None}, '{"a":[1,"ä"],"b":null}'),
        ([{"a": 1}, "b"], '{"a":1}, b'),
    ],
)
def test_values_read_as_people_write_them(value: Value, text: str) -> None:
    assert render("${value}", value=value) == text
    assert render("{{ value ~ '' }}", value=value) == text


def test_a_tuple_is_a_list() -> None:
    assert compile_template("{{ v }} {{ v | length }}").render({"v": ("a", "b")}) == "a, b 2"  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% if yes %}a{% else %}b{% endif %}", "a"),
        ("{% if no %}a{% elif yes %}b{% else %}c{% endif %}", "b"),
        ("{% if no %}a{% elif no %}b{% else %}c{% endif %}", "c"),
        ("{{ 'a' if no else 'b' }}{{ 'c' if no }}", "b"),
        ("{{ no or 'fallback' }} {{ yes and 'then' }} {{ not no }}", "fallback then true"),
        ("{% for x in xs %}{{ loop.index }}/{{ loop.length }}{{ x }}{{ ',' if not loop.last }}{% endfor %}", "1/2a,2/2b"),
        ("{% for x in xs if x != 'a' %}{{ loop.index0 }}{{ loop.first }}{{ x }}{% endfor %}", "0trueb"),
        ("{% for x in [] %}x{% else %}none{% endfor %}", "none"),
        ("{% for x in xs %}{% for y in xs %}{{ x ~ y }}{{ loop.index }} {% endfor %}{{ loop.index }};{% endfor %}",
         "aa1 ab2 1;ba1 bb2 2;"),
        ("{% for key, value in d | items %}{{ key }}={{ value }};{% endfor %}", "k=1;k-2=2;"),
        ("{% for key in d %}{{ key }};{% endfor %}", "k;k-2;"),
        ("{{ d.k }} {{ d['k-2'] }} {{ d.k-2 }} {{ xs[1] }} {{ xs.0 }} {{ [[1, 2]][0][-1] }}", "1 2 2 b a 2"),
        ("{% for x in xs %}{% endfor %}{{ x }}", "outer"),
        ("{% for x in xs %}{% for x in [x ~ x] %}{{ x }}{% endfor %}{{ x }}{% endfor %}", "aaabbb"),
        ("{{ 1 < 2 <= 2 }} {{ 2 > 1 >= 1 != 2 }} {{ 'b' > 'a' }} {{ 1 == 1.0 }}", "true true true true"),
        ("{{ 'ell' in 'hello' }} {{ 'a' in xs }} {{ 'z' not in xs }} {{ 'k' in d }}", "true true true true"),
        ("{{ xs == ['a', 'b'] }} {{ d == d }} {{ xs == d }}", "true true false"),
        ("{{ x is string }} {{ n is number }} {{ d is mapping }} {{ xs is sequence }}", "true true true true"),
        ("{{ n is even }} {{ n is odd }} {{ no is none }} {{ yes is true }} {{ no is false }}", "true false false true true"),
        ("{{ d.k is defined }} {{ d.z is defined }} {{ d.z.y is undefined }} {{ d.k is undefined }}",
         "true false true false"),
        ("{{ d.k is not defined }} {{ d.z | default('none') }} {{ d.z.y | d('x') }}", "false none x"),
        ("a  {%- if yes -%}  b  {%- endif -%}  c", "abc"),
    ],
)  # fmt: skip
def test_the_language_means_what_jinja_authors_expect(source: str, text: str) -> None:
    values: dict[str, Value] = {
        "yes": True,
        "no": False,
        "xs": ["a", "b"],
        "d": {"k": 1, "k-2": 2},
        "x": "outer",
        "n": 4,
    }
    assert check_template(source, values) == []
    assert compile_template(source).render(values) == text


def test_line_ends_of_the_template_become_one_kind_and_the_last_one_stays() -> None:
    assert render("a\r\nb\rc\n") == "a\nb\nc\n"


def test_an_undefined_name_is_an_error_and_never_an_empty_prompt() -> None:
    with pytest.raises(TemplateError) as failed:
        compile_template("{{ a }}{% if false %}{{ b }}{% endif %} ${c}").render({"c": "given"})
    assert [(problem.code, problem.name) for problem in failed.value.problems] == [
        ("template_unknown_name", "a"),
        ("template_unknown_name", "b"),
    ]
    assert isinstance(failed.value, PromptFailure)
    assert not failed.value.retryable
    assert "'a'" in failed.value.message
    assert "'b'" in failed.value.message


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ d.missing }}", TemplateCode.UNDEFINED),
        ("{{ d['missing'] }}", TemplateCode.UNDEFINED),
        ("{{ xs[2] }}", TemplateCode.UNDEFINED),
        ("{{ xs[true and 'x'] }}", TemplateCode.UNDEFINED),
        ("{{ text.upper }}", TemplateCode.UNDEFINED),
        ("{{ [] | first }}", TemplateCode.UNDEFINED),
        ("{% for c in text %}{{ c }}{% endfor %}", TemplateCode.WRONG_VALUE),
        ("{% for c in n %}{{ c }}{% endfor %}", TemplateCode.WRONG_VALUE),
        ("{% for a, b in xs %}{{ a }}{% endfor %}", TemplateCode.WRONG_VALUE),
        ("{{ text < n }}", TemplateCode.WRONG_VALUE),
        ("{{ n in text }}", TemplateCode.WRONG_VALUE),
        ("{{ text in n }}", TemplateCode.WRONG_VALUE),
        ("{{ text is even }}", TemplateCode.WRONG_VALUE),
        ("{{ text | round }}", TemplateCode.WRONG_VALUE),
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error_with_its_line(source: str, code: TemplateCode) -> None:
    values: dict[str, Value] = {"d": {"k": 1}, "xs": ["a", "b"], "text": "abc", "n": 5}
    with pytest.raises(TemplateError) as failed:
        compile_template(f"first\n{source}").render(values)
    assert [(problem.code, problem.line) for problem in failed.value.problems] == [(code, 2)]


class Color(StrEnum):
    RED = "red"


class Secretive:
    secret = "CANARY"

    def dangerous(self) -> str:
        return "CANARY"


@pytest.mark.parametrize(
    "value",
    [
        Secretive(),
        Secretive,
        Color.RED,
        b"bytes",
        {1: "number as key"},
        {"set"},
        [Secretive()],
        {"deep": [[Secretive()]]},
        float("nan"),
        float("inf"),
        2**63,
        -(10**4000),
        object.__subclasses__,
    ],
)
def test_only_plain_values_reach_a_template(value: object) -> None:
    assert problem_codes("{{ v }}", {"v": value}) == [TemplateCode.WRONG_VALUE]  # type: ignore[dict-item]


def test_values_a_template_does_not_use_are_not_looked_at() -> None:
    assert compile_template("{{ a }}").render({"a": "x", "b": Secretive()}) == "x"  # type: ignore[dict-item]


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Value] = []
    endless.append(endless)
    assert problem_codes("{{ v }}", {"v": endless}) == [TemplateCode.WRONG_VALUE]


def test_a_list_that_unfolds_without_end_is_refused() -> None:
    laughs: Value = ["ha"] * 10
    for _ in range(9):
        laughs = [laughs] * 10
    assert problem_codes("{{ v }}", {"v": laughs}) == [TemplateCode.WRONG_VALUE]


def test_a_hundred_thousand_items_are_rendered_and_one_more_is_refused() -> None:
    assert len(render("{{ v }}", v=["x"] * 100_000)) == 299_998
    assert problem_codes("{{ v }}", {"v": ["x"] * 100_001}) == [TemplateCode.WRONG_VALUE]


def test_five_million_characters_of_input_are_no_problem() -> None:
    assert len(render("Summarise: ${doc}", doc="x" * 5_000_000)) == 5_000_011


def test_changing_a_value_afterwards_changes_no_text() -> None:
    values: dict[str, Value] = {"xs": ["a"]}
    template = compile_template("{{ xs }}")
    assert template.render(values) == "a"
    values["xs"] = ["b"]
    assert template.render(values) == "b"


def test_referenced_names_are_those_from_outside() -> None:
    source = "{{ a }} ${b-c} {% for x in xs %}{{ x }}{{ loop.index }}{{ d.e }}{% endfor %}{{ 'f' ~ g | join(h) }}"
    assert referenced_names(source) == {"a", "b-c", "xs", "d", "g", "h"}


def test_referenced_names_of_an_unreadable_template_are_none() -> None:
    assert referenced_names("{{ a") == frozenset()


def test_fifty_placeholders_are_allowed_and_fifty_one_are_not() -> None:
    assert check_template("{{ a }}" * 25 + "${a}" * 25, ["a"]) == []
    (problem,) = check_template("{{ a }}" * 25 + "${a}" * 26, ["a"])
    assert problem.code == TemplateCode.TOO_MANY_PLACEHOLDERS
    assert "51" in problem.message


def test_a_source_of_the_largest_size_is_allowed() -> None:
    assert check_template("a" * 200_000, []) == []

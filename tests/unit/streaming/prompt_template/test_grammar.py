"""Random templates of the allowed grammar stay in bounds and always render the same (catalogue case 58)."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.streaming.prompt_template.limits import MAX_TEXT
from lib.streaming.prompt_template.problems import TemplateError
from lib.streaming.prompt_template.template import check_template, compile_template, referenced_names
from lib.streaming.types import Value

SECONDS = 1.5

plain_values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)
names = st.sampled_from(["text", "items", "number", "critique-clarity", "profile", "nothing", "big"])
literals = st.sampled_from(["'a'", "''", "0", "-3", "2.5", "true", "none", "[]", "['b', 1]", "[text, items]"])


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    filters = st.sampled_from(
        ["upper", "title", "trim", "length", "first", "last", "sort", "unique", "reverse", "join(', ')", "tojson",
         "default('x')", "default('x', true)", "int", "float", "round(1)", "truncate(5)", "indent(2)", "items",
         "wordcount", "capitalize", "lower"]
    )  # fmt: skip
    signs = st.sampled_from(["==", "!=", "<", ">=", "in", "not in", "and", "or", "~"])
    tests = st.sampled_from(["defined", "undefined", "none", "string", "number", "mapping", "sequence", "even", "true"])
    return st.one_of(
        st.builds("({} | {})".format, inner, filters),
        st.builds("({} {} {})".format, inner, signs, inner),
        st.builds("({} is {})".format, inner, tests),
        st.builds("(not {})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({}).key".format, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
    )


expressions = st.recursive(names | literals, combined, max_leaves=6)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, expressions, inner, inner),
        st.builds("{{% for x in {} %}}{{{{ loop.index }}}}{{{{ x }}}}{}{{% endfor %}}".format, expressions, inner),
    )


# A literal that stands alone in braces would be a name.
outputs = st.builds("{{{{ ({}) }}}}".format, expressions) | st.builds("${{{}}}".format, names)
templates = st.recursive(st.sampled_from(["fixed text ", "$5 {x} ", "\n"]) | outputs, nested, max_leaves=8)
given_values = st.fixed_dictionaries(
    {
        "text": st.text(),
        "items": st.lists(plain_values, max_size=5),
        "number": st.integers(-100, 100) | st.floats(-1e6, 1e6),
        "critique-clarity": plain_values,
        "profile": st.dictionaries(st.sampled_from(["key", "name"]), plain_values),
        "nothing": st.none(),
        "big": st.sampled_from([list(range(300)), "long text " * 5_000, "é" * 10_000]),
    }
)


def outcome(source: str, values: dict[str, Value]) -> str | tuple[object, ...]:
    """The text, or the problems it failed with."""
    try:
        return compile_template(source).render(values)
    except TemplateError as failed:
        return failed.problems


@settings(max_examples=100, deadline=None)
@given(templates, given_values)
def test_a_template_of_the_grammar_renders_in_bounds_and_always_the_same(source: str, values: dict[str, Value]) -> None:
    problems = check_template(source, values)
    assert all(problem.code == "template_too_complex" for problem in problems), problems
    started = time.thread_time()
    result = outcome(source, values)
    assert time.thread_time() - started < SECONDS
    assert result == outcome(source, values)
    assert not isinstance(result, str) or len(result) <= MAX_TEXT


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}%#$ab-_|.()[]'\"~<=, \n0\\", max_size=60))
def test_any_text_is_either_told_its_problems_or_renders(source: str) -> None:
    known = referenced_names(source)
    problems = check_template(source, known)
    result = outcome(source, dict.fromkeys(known, "x"))
    assert isinstance(result, (str, tuple))
    if problems:
        assert isinstance(result, tuple)


@given(st.text(), st.text())
def test_a_value_stands_in_the_prompt_exactly_as_it_is(before: str, value: str) -> None:
    fixed = before.replace("{", "").replace("\r", "")
    assert compile_template(f"{fixed}${{v}}").render({"v": value}) == fixed + value

"""Whatever the language allows stays inside one allowance of time, memory and text (catalogue 3.1, the known gaps)."""

from __future__ import annotations

import itertools
import time
import tracemalloc

import pytest

from lib.streaming.prompt_template.comparisons import compared
from lib.streaming.prompt_template.filters import FILTERS
from lib.streaming.prompt_template.frame import Page
from lib.streaming.prompt_template.limits import MAX_TEXT, MAX_WORK
from lib.streaming.prompt_template.problems import TemplateCode, TemplateError
from lib.streaming.prompt_template.template import check_template, compile_template
from lib.streaming.prompt_template.values import json_of
from lib.streaming.prompt_template.work import Work
from lib.streaming.types import Value
from tests.support.hostile_templates import BOUNDED, LARGE_VALUES

#: A rendering may take 200 ms; a shared machine needs room above that before a red test means something.
SECONDS = 1.5
MEGABYTES_250 = 250 * 1024 * 1024
#: Rendering is deterministic, so how each case ends is known; those not named here are too much work.
TOO_LARGE = {"three times five million", "output in a loop", "fixed text in a loop", "JSON of many texts"}
RENDERED = {"object printed", "JSON of controls"}


def outcome(source: str) -> str | TemplateError:
    template = compile_template(source)
    values = {name: LARGE_VALUES[name] for name in template.names}
    try:
        return template.render(values)
    except TemplateError as stopped:
        return stopped


@pytest.mark.parametrize("name", BOUNDED)
def test_the_worst_an_allowed_template_can_do_ends_early(name: str) -> None:
    source = BOUNDED[name]
    assert check_template(source, LARGE_VALUES) == []
    started = time.thread_time()
    result = outcome(source)
    assert time.thread_time() - started < SECONDS
    if name in RENDERED:
        assert isinstance(result, str)
    else:
        assert isinstance(result, TemplateError)
        code = TemplateCode.OUTPUT_TOO_LARGE if name in TOO_LARGE else TemplateCode.TOO_MUCH_WORK
        assert [(problem.code, problem.line) for problem in result.problems] == [(code, 1)]


TEXT = "é " * 5_000
LINES = "a\n" * 5_000
LIST: list[Value] = [f"{number}" for number in range(10_000)]
OBJECT: dict[str, Value] = dict.fromkeys((f"{number}" for number in range(10_000)), 1)


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("capitalize", TEXT, 30),
        ("upper", TEXT, 30),
        ("lower", TEXT, 30),
        ("lower", "a" * 10_000, 4),
        ("title", TEXT, 250),
        ("trim", TEXT, 4),
        ("reverse", TEXT, 4),
        ("wordcount", TEXT, 100),
        ("indent", LINES, 100),
        ("tojson", TEXT, 50),
        ("tojson", LIST, 50),
        ("tojson", OBJECT, 50),
        ("join", LIST, 500),
        ("join", OBJECT, 500),
        ("items", OBJECT, 500),
        ("reverse", LIST, 100),
        ("unique", LIST, 500),
        ("sort", LIST, 1_500),
        ("int", "9" * 10_000, 30),
        ("float", "9" * 10_000, 30),
    ],
)
def test_every_filter_pays_for_each_character_or_item(name: str, value: Value, least: int) -> None:
    work = Work()
    FILTERS[name](value, work)
    assert MAX_WORK - work.left >= least * 10_000


@pytest.mark.parametrize(
    ("left", "sign", "right", "least"),
    [
        ("a" * 10_000, "eq", "a" * 10_000, 1),
        ("a" * 10_000, "lt", "a" * 10_000, 1),
        ("x", "in", "a" * 10_000, 5),
        ("x", "notin", LIST, 500),
        (LIST, "eq", LIST, 200),
        (OBJECT, "ne", OBJECT, 200),
    ],
)
def test_every_comparison_pays_for_what_it_reads(left: Value, sign: str, right: Value, least: int) -> None:
    work = Work()
    compared(left, sign, right, work)
    assert MAX_WORK - work.left >= least * 10_000


def test_a_page_pays_for_every_piece_and_character() -> None:
    work = Work()
    page = Page(work)
    page.add("")
    assert work.left < MAX_WORK
    page.add("a" * 1_000)
    assert MAX_WORK - work.left > 1_000


@pytest.mark.parametrize("source", ["{{ d.a | default('') }}", "{% if d.a is defined %}{% endif %}"])
def test_what_is_missing_costs_more_than_what_is_there(source: str) -> None:
    template = compile_template("{% for x in xs %}" + source + "{% endfor %}")
    many: list[Value] = [0] * 12_000
    template.render({"d": {"a": 1}, "xs": many})
    with pytest.raises(TemplateError, match="more work than allowed"):
        template.render({"d": {}, "xs": many})


def test_parts_without_end_are_not_gathered() -> None:
    with pytest.raises(TemplateError, match="passes 10000000 characters"):
        Work(10 * MAX_WORK).join(itertools.repeat("a" * 1_000_000))


def test_json_of_long_text_is_refused_before_it_is_made() -> None:
    with pytest.raises(TemplateError, match="cannot be written as JSON"):
        json_of("a" * 1_000_001, Work(10 * MAX_WORK))


@pytest.mark.parametrize(
    "name",
    ["three times five million", "list of large texts", "growing upper case", "indented lines", "JSON of controls"],
)
def test_the_worst_an_allowed_template_can_do_stays_in_memory_bounds(name: str) -> None:
    tracemalloc.start()
    outcome(BOUNDED[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEGABYTES_250


def test_an_ordinary_prompt_may_be_as_long_as_a_prompt_may_be() -> None:
    text = compile_template("{{ doc | trim }}").render({"doc": "x" * MAX_TEXT})
    assert len(text) == MAX_TEXT


def test_one_character_more_is_refused_and_not_cut() -> None:
    with pytest.raises(TemplateError) as refused:
        compile_template("{{ doc }}!").render({"doc": "x" * MAX_TEXT})
    assert [problem.code for problem in refused.value.problems] == [TemplateCode.OUTPUT_TOO_LARGE]


def test_a_list_of_twenty_thousand_items_can_be_looped_over() -> None:
    text = compile_template("{% for x in xs %}- {{ x }}\n{% endfor %}").render({"xs": ["item"] * 20_000})
    assert text == "- item\n" * 20_000


def test_steps_are_counted_across_nested_loops() -> None:
    source = "{% for x in xs %}{% for y in xs %}{% endfor %}{% endfor %}"
    assert compile_template(source).render({"xs": [1] * 100}) == ""
    with pytest.raises(TemplateError, match="more work than allowed"):
        compile_template(source).render({"xs": [1] * 1_000})


def test_the_allowance_ends_exactly_where_it_is_spent() -> None:
    work = Work()
    work.spend(MAX_WORK)
    with pytest.raises(TemplateError):
        work.spend(1)


def test_the_line_of_the_statement_that_went_too_far_is_told() -> None:
    with pytest.raises(TemplateError) as refused:
        compile_template("one\ntwo\n{% for x in xs %}\n{{ t }}{% endfor %}").render(
            {"xs": [1] * 1_000, "t": "x" * 100_000}
        )
    assert [problem.line for problem in refused.value.problems] == [4]

"""Whatever the language allows stays inside one allowance of time, memory and text (catalogue 3.1, the known gaps)."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from lib.streaming.prompt_template.limits import MAX_TEXT, MAX_WORK
from lib.streaming.prompt_template.problems import TemplateCode, TemplateError
from lib.streaming.prompt_template.template import check_template, compile_template
from lib.streaming.prompt_template.work import Work
from tests.support.hostile_templates import BOUNDED, LARGE_VALUES

#: A rendering may take 200 ms; a shared machine needs room above that before a red test means something.
SECONDS = 1.5
MEGABYTES_250 = 250 * 1024 * 1024
BOUNDS = {TemplateCode.TOO_MUCH_WORK, TemplateCode.OUTPUT_TOO_LARGE, TemplateCode.WRONG_VALUE}


def outcome(source: str) -> str | TemplateError:
    template = compile_template(source)
    values = {name: LARGE_VALUES[name] for name in template.names}
    try:
        return template.render(values)
    except TemplateError as stopped:
        return stopped


@pytest.mark.parametrize("source", BOUNDED.values(), ids=BOUNDED.keys())
def test_the_worst_an_allowed_template_can_do_ends_early(source: str) -> None:
    assert check_template(source, LARGE_VALUES) == []
    started = time.thread_time()
    result = outcome(source)
    assert time.thread_time() - started < SECONDS
    if isinstance(result, TemplateError):
        assert {problem.code for problem in result.problems} <= BOUNDS
        assert result.problems[0].line == 1
    else:
        assert len(result) <= MAX_TEXT


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

"""Authors are told every problem of every prompt before anything runs."""

from __future__ import annotations

from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.prompt_processor.check import check_prompts, warn_about_prompts
from lib.streaming.types import PromptId


def prompt(id: str, content: str, position: int = 0, **more: object) -> PromptDefinition:
    return PromptDefinition(PromptId(id), id.title(), content, "m/m", position, **more)  # type: ignore[arg-type]


def chain(*prompts: PromptDefinition) -> Definition:
    fields = tuple(InputField(name, FieldType.SHORT_TEXT) for name in ("topic", "grade"))
    return Definition("A chain", fields=fields, prompts=prompts)


SOUND = chain(
    prompt(
        "final", "${draft} ${critique} {{ prompt_1_output }} {{result_1}} ${g}", 5, input_mapping={"g": "input.grade"}
    ),
    prompt("draft", "About ${topic}, $5 and {not a variable}", 0, system="You teach."),
    prompt("critique", "{{ draft | truncate(100) }}", 1),
)


def test_a_sound_chain_has_no_problems_and_no_warnings() -> None:
    assert check_prompts(SOUND) == []
    assert warn_about_prompts(SOUND) == []


def test_every_problem_has_the_path_of_its_prompt_as_written_and_its_line() -> None:
    definition = chain(
        prompt("b", "ok\n${ghost}", 1, system="{{ a() }}"),
        prompt("a", "${b} {{ topic }}", 0, input_mapping={"x": "prompt_b.output"}),
        prompt("c", "{{ open", 1),
    )
    problems = check_prompts(definition)
    assert [(problem.path, problem.code) for problem in problems] == [
        ("prompts[0].content", "template_unknown_name"),
        ("prompts[0].system", "template_forbidden"),
        ("prompts[1].inputMapping.x", "template_unknown_name"),
        ("prompts[1].content", "template_unknown_name"),
        ("prompts[2].content", "template_syntax"),
    ]
    assert problems[0].message.startswith("Line 2: There is no value named 'ghost' at this prompt.")
    assert "does not run before this one" in problems[2].message
    assert "Known here: topic, grade, x." in problems[3].message


def test_a_mapping_that_leads_nowhere_is_told_once_even_if_its_name_is_used() -> None:
    definition = chain(prompt("a", "${x} ${topic}", input_mapping={"x": "ghost"}))
    assert [problem.path for problem in check_prompts(definition)] == ["prompts[0].inputMapping.x"]


def test_fields_and_mappings_nobody_uses_are_warnings() -> None:
    definition = chain(prompt("a", "${topic}", input_mapping={"unused": "input.grade"}))
    assert check_prompts(definition) == []
    assert [(warning.path, warning.code) for warning in warn_about_prompts(definition)] == [
        ("prompts[0].inputMapping.unused", "unused_mapping"),
        ("fields[1]", "unused_field"),
    ]


def test_a_field_that_a_mapped_name_hides_is_unused() -> None:
    definition = chain(prompt("a", "${topic} ${grade}", input_mapping={"topic": "input.grade"}))
    assert [warning.path for warning in warn_about_prompts(definition)] == ["fields[0]"]

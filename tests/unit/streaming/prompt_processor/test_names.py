"""What a prompt may refer to, and where each value comes from (lessons L-15 and L-56)."""

from __future__ import annotations

import pytest

from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.prompt_processor.names import InputSource, ResultSource, Source, name_table, slug
from lib.streaming.types import PromptId


def prompt(id: str, position: int = 0, name: str = "", mapping: dict[str, str] | None = None) -> PromptDefinition:
    return PromptDefinition(
        id=PromptId(id), name=name or id, content="x", model="m/m", position=position, input_mapping=mapping or {}
    )


def chain(*prompts: PromptDefinition, fields: tuple[str, ...] = ()) -> Definition:
    return Definition(
        "A chain", fields=tuple(InputField(name, FieldType.SHORT_TEXT) for name in fields), prompts=prompts
    )


def sources(definition: Definition, id: str) -> dict[str, Source]:
    (wanted,) = [prompt for prompt in definition.prompts if prompt.id == id]
    return dict(name_table(definition, wanted).sources)


def result(id: str) -> ResultSource:
    return ResultSource(PromptId(id))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Draft", "draft"),
        ("Critique: clarity", "critique-clarity"),
        ("  --Two   words!-- ", "two-words"),
        ("3 Ideas", "3-ideas"),
        ("snake_case", "snake-case"),
        ("Straße", "stra-e"),
        ("Größe", "gr-e"),
        ("日本語", ""),
        ("!?", ""),
        ("", ""),
    ],
)
def test_a_slug_is_what_an_author_would_write_for_the_name(name: str, expected: str) -> None:
    assert slug(name) == expected


@pytest.mark.parametrize("positions", [(0, 1, 2), (1, 2, 3), (0, 5, 9), (7, 100, 1_000_000)])
def test_positional_names_count_earlier_prompts_whatever_their_positions(positions: tuple[int, int, int]) -> None:
    definition = chain(*[prompt(key, at) for key, at in zip("abc", positions, strict=True)])
    assert sources(definition, "a") == {}
    assert sources(definition, "c") == {
        "a": result("a"),
        "b": result("b"),
        "prompt_0_output": result("a"),
        "prompt_1_output": result("b"),
        "result_1": result("a"),
        "result_2": result("b"),
    }


def test_prompts_at_one_position_never_see_each_other_and_keep_their_order_as_written() -> None:
    definition = chain(prompt("last", 2), prompt("y", 1), prompt("x", 1), prompt("first", 0))
    assert sources(definition, "x").keys() == {"first", "prompt_0_output", "result_1"}
    assert sources(definition, "y") == sources(definition, "x")
    later = sources(definition, "last")
    assert [later[f"result_{number}"] for number in (1, 2, 3)] == [result("first"), result("y"), result("x")]
    assert "result_4" not in later


def test_of_equal_slugs_the_later_prompt_has_the_name() -> None:
    definition = chain(prompt("b", 1, "Draft!"), prompt("a", 0, "draft"), prompt("c", 2))
    assert sources(definition, "c")["draft"] == result("b")
    assert sources(definition, "b")["draft"] == result("a")


def test_a_name_without_a_slug_is_referred_to_by_id() -> None:
    definition = chain(prompt("17", 0, "日本語"), prompt("b", 1))
    assert sources(definition, "b")["prompt-17"] == result("17")


def test_names_resolve_from_mapping_to_inputs_to_slugs_to_positions() -> None:
    definition = chain(
        prompt("p", 0, "topic"),
        prompt("q", 1, "prompt 0 output"),
        prompt("r", 2, "result_1", {"topic": "q", "grade": "input.topic"}),
        fields=("topic", "grade", "result_2"),
    )
    assert sources(definition, "q")["topic"] == InputSource("topic")
    found = sources(definition, "r")
    assert found["topic"] == result("q")
    assert found["grade"] == InputSource("topic")
    assert found["result_2"] == InputSource("result_2")
    assert found["result_1"] == result("p")
    assert found["prompt-0-output"] == result("q")
    assert found["prompt_0_output"] == result("p")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("input.topic", InputSource("topic")),
        ("topic", InputSource("topic")),
        ("prompt_p-1.output", result("p-1")),
        ("p-1", result("p-1")),
        ("first-draft", result("p-1")),
        ("prompt_0_output", result("p-1")),
        ("result_1", result("p-1")),
        ("{{prompt_0_output}}", result("p-1")),
        ("{{ input.topic }}", InputSource("topic")),
        ("${first-draft}", result("p-1")),
        ("  topic  ", InputSource("topic")),
    ],
)
def test_every_form_of_a_mapping_finds_its_source(target: str, expected: Source) -> None:
    definition = chain(prompt("p-1", 0, "First draft"), prompt("b", 1, mapping={"x": target}), fields=("topic",))
    assert sources(definition, "b")["x"] == expected


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("input.ghost", "leads nowhere"),
        ("ghost", "leads nowhere"),
        ("", "leads nowhere"),
        ("{{ }}", "leads nowhere"),
        ("prompt_ghost.output", "leads nowhere"),
        ("input.first", "leads nowhere"),
        ("other", "leads nowhere"),
        ("b", "does not run before"),
        ("prompt_b.output", "does not run before"),
        ("sibling", "does not run before"),
        ("prompt_later.output", "does not run before"),
    ],
)
def test_a_mapping_that_leads_nowhere_says_why(target: str, reason: str) -> None:
    definition = chain(
        prompt("first", 0),
        prompt("b", 1, mapping={"x": target, "other": "first"}),
        prompt("sibling", 1),
        prompt("later", 2),
        fields=("topic",),
    )
    table = name_table(definition, definition.prompts[1])
    assert list(table.unresolved) == ["x"]
    assert reason in table.unresolved["x"]
    assert "x" not in table.sources
    assert table.sources["other"] == result("first")


def test_a_mapped_name_that_no_template_could_write_is_told() -> None:
    definition = chain(prompt("a", mapping={"two words": "input.topic"}), fields=("topic",))
    assert "letters, digits" in name_table(definition, definition.prompts[0]).unresolved["two words"]

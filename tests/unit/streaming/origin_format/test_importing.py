"""Files of other systems: assistant by assistant, whole or not at all."""

from __future__ import annotations

import copy
import json

import pytest

from lib.streaming.definition import Choice, Definition, FieldType
from lib.streaming.origin_format.importing import MAX_FILE_BYTES, import_assistants
from lib.streaming.origin_format.result import ImportedAssistant
from tests.support.odd_json import every_odd_one
from tests.support.origin_file import MODELS, SAMPLE

PROMPT: dict[str, object] = {"name": "Draft", "content": "Write about ${topic}", "model_name": "gpt-4o", "position": 0}
FIELD: dict[str, object] = {"name": "topic", "label": "Topic", "field_type": "short_text", "position": 0}
ASSISTANT: dict[str, object] = {
    "name": "Writer",
    "description": "Writes",
    "prompts": [PROMPT],
    "input_fields": [FIELD],
}


def assistant(**changes: object) -> dict[str, object]:
    return copy.deepcopy(ASSISTANT | changes)


def with_prompt(**changes: object) -> dict[str, object]:
    return assistant(prompts=[PROMPT | changes])


def with_field(**changes: object) -> dict[str, object]:
    return assistant(input_fields=[FIELD | changes], prompts=[PROMPT | {"content": "Write"}])


def imported(*assistants: object) -> tuple[ImportedAssistant, ...]:
    file = {"version": "1.0", "assistants": assistants}
    result = import_assistants(json.dumps(file).encode(), MODELS)
    assert result.problems == ()
    return result.assistants


def definition(raw: object) -> Definition:
    [result] = imported(raw)
    assert result.definition is not None, result.problems
    return result.definition


def found(raw: object) -> list[tuple[str, str]]:
    [result] = imported(raw)
    assert result.definition is None
    return [(problem.path, problem.code) for problem in result.problems]


def noted(raw: object) -> list[tuple[str, str]]:
    [result] = imported(raw)
    assert result.definition is not None, result.problems
    return [(note.path, note.code) for note in result.notes]


def test_the_sample_file_imports_all_but_the_assistant_with_an_unknown_model() -> None:
    lesson, no_inputs, legacy = import_assistants(SAMPLE, MODELS).assistants
    assert lesson.definition is not None
    assert legacy.definition is not None
    assert [(problem.path, problem.code) for problem in no_inputs.problems] == [
        ("assistants[1].prompts[0].model_name", "unmapped_model")
    ]
    assert lesson.definition.timeout_seconds == 300
    assert [prompt.position for prompt in lesson.definition.prompts] == [0, 1, 1, 5]
    assert lesson.definition.prompts[3].timeouts.total == 120
    assert lesson.definition.fields[1].required
    assert [note.path for note in lesson.notes] == ["assistants[0].prompts[2].model_name"]


def test_prompts_of_the_sample_are_decoded_of_editor_escapes() -> None:
    lesson, *_ = import_assistants(SAMPLE, MODELS).assistants
    assert lesson.definition is not None
    first, *_, last = lesson.definition.prompts
    assert (
        first.content
        == "Write a lesson plan for grade ${grade} about ${topic}.\n\nNotes: ${notes}\nStandards: ${standards}"
    )
    assert last.content.endswith("{{result_1}}")


@pytest.mark.parametrize(
    ("file", "path", "code"),
    [
        (b"", "", "malformed"),
        (b"{", "", "malformed"),
        (b"[" * 200_000, "", "malformed"),
        (b'{"version": "1.0", "assistants": ["\xff"]}', "", "malformed"),
        (b"[]", "", "wrong_type"),
        (b"null", "", "wrong_type"),
        (b"{}", "version", "unsupported_version"),
        (b'{"version": 1.0, "assistants": []}', "version", "unsupported_version"),
        (b'{"version": "2.0", "assistants": []}', "version", "unsupported_version"),
        (b'{"version": "1.0"}', "assistants", "missing"),
        (b'{"version": "1.0", "assistants": []}', "assistants", "missing"),
        (b'{"version": "1.0", "assistants": {}}', "assistants", "missing"),
        (b'{"version": "1.0", "assistants": [' + b"1," * 1000 + b"1]}", "assistants", "too_many"),
        (b" " * (MAX_FILE_BYTES + 1), "", "too_large"),
    ],
)
def test_what_is_no_such_file_is_one_problem(file: bytes, path: str, code: str) -> None:
    result = import_assistants(file, MODELS)
    assert result.assistants == ()
    assert [(problem.path, problem.code) for problem in result.problems] == [(path, code)]


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    assert len(import_assistants(b"\xef\xbb\xbf" + SAMPLE, MODELS).assistants) == 3


def test_each_assistant_stands_or_falls_alone() -> None:
    good, bad, other = imported(ASSISTANT, assistant(name="x"), ASSISTANT)
    assert good.definition == other.definition is not None
    assert (bad.definition, bad.path) == (None, "assistants[1]")


def test_every_problem_is_told_in_the_words_of_the_file() -> None:
    raw = assistant(
        name="ab",
        timeout_seconds=901,
        prompts=[
            PROMPT | {"model_name": "unknown", "position": -1, "timeout_seconds": 0, "system_context": 5},
            {"name": "x", "content": "y"},
            "prompt",
        ],
        input_fields=[
            FIELD | {"name": "Bad Name", "field_type": "banana", "position": "first"},
            {"name": "a", "field_type": "select", "options": [{"label": "One", "value": 1}, {"value": "2"}, "2"]},
            {"name": "b", "field_type": "multi_select", "options": {"values": ["x", "x"]}},
            {"name": "c", "field_type": "select", "options": {"choices": [{"label": "?"}], "default": "9"}},
            {"name": "d", "field_type": "long_text", "options": {"required": "yes"}},
        ],
    )
    assert sorted(found(raw)) == [
        ("assistants[0].input_fields[0].field_type", "invalid_choice"),
        ("assistants[0].input_fields[0].name", "invalid_name"),
        ("assistants[0].input_fields[0].position", "wrong_type"),
        ("assistants[0].input_fields[1].options[0].value", "wrong_type"),
        ("assistants[0].input_fields[1].options[2].value", "duplicate"),
        ("assistants[0].input_fields[2].options.values[1]", "duplicate"),
        ("assistants[0].input_fields[3].options.choices[0].value", "missing"),
        ("assistants[0].input_fields[3].options.default", "contradiction"),
        ("assistants[0].input_fields[4].options.required", "wrong_type"),
        ("assistants[0].name", "too_short"),
        ("assistants[0].prompts[0].model_name", "unmapped_model"),
        ("assistants[0].prompts[0].position", "out_of_range"),
        ("assistants[0].prompts[0].system_context", "wrong_type"),
        ("assistants[0].prompts[0].timeout_seconds", "out_of_range"),
        ("assistants[0].prompts[1].model_name", "missing"),
        ("assistants[0].prompts[1].position", "missing"),
        ("assistants[0].prompts[2]", "wrong_type"),
        ("assistants[0].timeout_seconds", "out_of_range"),
    ]


def test_messages_name_members_as_the_file_does() -> None:
    [result] = imported(assistant(prompts=[{"name": "x", "content": "y", "position": 0}]))
    assert [problem.message for problem in result.problems] == ["'model_name' is missing."]


@pytest.mark.parametrize("raw", [None, 5, [], "x"], ids=str)
def test_an_assistant_that_is_no_object_is_a_problem(raw: object) -> None:
    assert found(raw) == [("assistants[0]", "wrong_type")]


@pytest.mark.parametrize("count", [0, 21])
def test_an_assistant_has_one_to_twenty_prompts(count: int) -> None:
    assert [path for path, _ in found(assistant(prompts=[PROMPT] * count))] == ["assistants[0].prompts"]


@pytest.mark.parametrize(
    ("alias", "kind"),
    [
        ("textarea", FieldType.LONG_TEXT),
        ("multiselect", FieldType.MULTI_SELECT),
        ("text", FieldType.SHORT_TEXT),
        ("number", FieldType.SHORT_TEXT),
        ("date", FieldType.SHORT_TEXT),
        ("file_upload", FieldType.FILE_UPLOAD),
    ],
)
def test_old_names_of_field_types_are_understood(alias: str, kind: FieldType) -> None:
    options = {"choices": [{"value": "1"}]} if kind is FieldType.MULTI_SELECT else None
    assert definition(with_field(field_type=alias, options=options)).fields[0].type is kind


@pytest.mark.parametrize(
    "options",
    [
        {"values": ["1", "2"]},
        [{"value": "1"}, {"value": "2"}],
        ["1", "2"],
        {"choices": [{"value": "1", "label": ""}, {"value": "2", "label": None, "id": 7}]},
        {"choices": [{"value": "1"}, {"value": "2"}], "values": ["9"]},
    ],
    ids=str,
)
def test_choices_are_read_in_every_shape(options: object) -> None:
    field = definition(with_field(field_type="select", options=options)).fields[0]
    assert field.options.choices == (Choice("1"), Choice("2"))


@pytest.mark.parametrize("options", [None, {}, [], {"values": []}, {"placeholder": "", "maxLength": None}], ids=str)
def test_a_text_field_may_carry_empty_options_of_any_shape(options: object) -> None:
    assert noted(with_field(options=options)) == []


def test_options_of_another_type_are_left_out_and_named() -> None:
    raw = with_field(options={"rows": 5, "values": ["a"], "maxLength": 5})
    assert noted(raw) == [
        ("assistants[0].input_fields[0].options.rows", "ignored"),
        ("assistants[0].input_fields[0].options.values", "ignored"),
    ]
    assert definition(raw).fields[0].options.max_length == 5


def test_members_nobody_knows_are_left_out_and_named() -> None:
    assert noted(with_prompt(repository_ids=[1]) | {"mode": "agentic", "image_path": "x.png"}) == [
        ("assistants[0].mode", "ignored"),
        ("assistants[0].prompts[0].repository_ids", "ignored"),
    ]


def test_fields_stand_in_the_order_of_their_positions() -> None:
    fields = [FIELD | {"name": name, "position": position} for name, position in [("c", 2), ("topic", 0), ("b", 1)]]
    assert [field.name for field in definition(assistant(input_fields=fields)).fields] == ["topic", "b", "c"]


def test_prompts_of_one_position_run_together_whatever_their_groups() -> None:
    prompts = [PROMPT | {"position": 1, "parallel_group": group} for group in (1000, 1001)]
    assert [prompt.position for prompt in definition(assistant(prompts=prompts)).prompts] == [1, 1]


def test_prompts_of_one_group_run_together_at_its_lowest_position_and_that_is_noted() -> None:
    prompts = [
        PROMPT | {"position": position, "parallel_group": group} for position, group in [(1, 4), (2, 4), (3, None)]
    ]
    raw = assistant(prompts=prompts)
    assert [prompt.position for prompt in definition(raw).prompts] == [1, 1, 3]
    assert noted(raw) == [("assistants[0].prompts[1].position", "moved")]


def test_a_mapping_by_name_means_the_same_here() -> None:
    mapping = {"subject": "input.topic", "before": "{{prompt_0_output}}", "draft_text": "draft", "first": "result_1"}
    content = "About ${subject} ${before} ${draft_text} ${first}"
    second = PROMPT | {"name": "Second", "position": 1, "content": content, "input_mapping": mapping}
    raw = assistant(prompts=[PROMPT, second])
    assert definition(raw).prompts[1].input_mapping == mapping
    assert noted(raw) == []


def test_a_mapping_to_ids_of_the_other_system_is_left_out_and_named() -> None:
    mapping = {"a": "prompt_17.output", "b": 17, "c": "input.nobody", "d": "17", "e": "prompt_\n0.output"}
    numbered = PROMPT | {"name": "17"}
    raw = assistant(prompts=[numbered, PROMPT | {"position": 1, "input_mapping": mapping}])
    assert definition(raw).prompts[1].input_mapping == {}
    assert noted(raw) == [(f"assistants[0].prompts[1].input_mapping.{name}", "ignored") for name in mapping]


def test_a_name_that_an_id_gave_elsewhere_is_never_given_by_another_prompt() -> None:
    second = PROMPT | {
        "name": "Second",
        "position": 1,
        "content": "Improve ${text} and ${draft}",
        "input_mapping": {"text": "prompt_17.output", "draft": "prompt_17.output"},
    }
    assert found(assistant(prompts=[PROMPT, second])) == [
        ("assistants[0].prompts[1].input_mapping.text", "mapping_dropped"),
        ("assistants[0].prompts[1].content", "template_unknown_name"),
    ]


def test_problems_of_templates_are_found_before_anything_runs() -> None:
    broken = PROMPT | {"content": "{{ topic", "system_context": "${nobody}"}
    assert found(assistant(prompts=[PROMPT, broken])) == [
        ("assistants[0].prompts[1].content", "template_syntax"),
        ("assistants[0].prompts[1].system_context", "template_unknown_name"),
    ]


def test_escapes_in_a_name_do_not_hide_that_its_mapping_was_needed() -> None:
    raw = with_prompt(content=r"About \${my\_text}", input_mapping={"my_text": "prompt_3.output"})
    assert ("assistants[0].prompts[0].input_mapping.my_text", "mapping_dropped") in found(raw)


def test_no_value_in_any_place_is_more_than_a_problem() -> None:
    options = {"choices": [{"value": "a", "label": "A"}], "default": "a", "minSelections": 1}
    full = assistant(
        prompts=[PROMPT | {"system_context": "s", "input_mapping": {"a": "input.topic"}, "parallel_group": 1}],
        input_fields=[FIELD, FIELD | {"name": "more", "field_type": "multi_select", "options": options}],
        timeout_seconds=5,
    )
    for what, file in every_odd_one({"version": "1.0", "assistants": [full]}):
        result = import_assistants(json.dumps(file).encode(), MODELS)
        told = [*result.problems, *(problem for one in result.assistants for problem in one.problems)]
        assert all(one.definition is not None for one in result.assistants) or told, what

"""Definitions of any shape: accepted whole, or refused with every problem."""

from __future__ import annotations

import copy

import msgspec
import pytest

from lib.streaming.definition import Choice, Definition, FieldOptions, FieldType, InputField
from lib.streaming.definition_check.parse import parse_definition, with_ids
from lib.streaming.types import OnError
from tests.support.odd_json import every_odd_one

GOOD: dict[str, object] = {
    "name": "Lesson plan",
    "description": "Drafts and improves",
    "fields": [
        {"name": "topic", "label": "Topic", "type": "short_text", "required": True, "options": {"maxLength": 200}},
        {"name": "notes", "type": "long_text", "options": {"rows": 6, "placeholder": "…", "default": "none"}},
        {
            "name": "grade",
            "type": "select",
            "options": {"choices": [{"value": "1", "label": "One"}, {"value": "2"}], "default": "2"},
        },
        {
            "name": "tags",
            "type": "multi_select",
            "options": {"choices": [{"value": "a"}, {"value": "b"}], "minSelections": 1, "maxSelections": 2},
        },
        {"name": "file", "type": "file_upload", "options": {"accept": ".txt", "maxSize": 1000, "multiple": True}},
    ],
    "prompts": [
        {
            "id": "p-1",
            "name": "Draft",
            "position": 0,
            "content": "Write about ${topic} for ${grade}: ${notes} ${tags} ${file}",
            "system": "Be brief.",
            "model": "openai/gpt-5-mini",
            "fallbackModels": ["local/smollm2"],
            "timeouts": {"connect": 1, "firstToken": 2.5, "idle": 3, "total": 900},
            "maxOutputTokens": 100,
            "temperature": 0.2,
        },
        {"id": "p-2", "name": "Improve", "position": 5, "content": "Improve ${draft}", "model": "local/smollm2"},
    ],
    "onError": "continue",
    "onDisconnect": "grace:60",
    "timeoutSeconds": 900,
}

FIELD, PROMPT = ("fields", 0), ("prompts", 0)
SELECT, MULTI = ("fields", 2, "options"), ("fields", 3, "options")
ABSENT = object()


def changed(*changes: tuple[tuple[str | int, ...], object]) -> dict[str, object]:
    data = copy.deepcopy(GOOD)
    for path, value in changes:
        target: object = data
        for step in path[:-1]:
            target = target[step]  # type: ignore[index]
        if value is ABSENT:
            del target[path[-1]]  # type: ignore[attr-defined]
        else:
            target[path[-1]] = value  # type: ignore[index]
    return data


def found(data: object) -> list[tuple[str, str]]:
    definition, problems = parse_definition(data)
    assert (definition is None) == bool(problems)
    return [(problem.path, problem.code) for problem in problems]


def parsed(data: object) -> Definition:
    definition, problems = parse_definition(data)
    assert definition is not None, problems
    return definition


def test_a_full_definition_is_read_as_it_was_written() -> None:
    definition = parsed(GOOD)
    assert definition.on_error is OnError.CONTINUE
    assert definition.fields[2] == InputField(
        name="grade",
        type=FieldType.SELECT,
        options=FieldOptions(default="2", choices=(Choice("1", "One"), Choice("2"))),
    )
    assert definition.prompts[0].timeouts.first_token == 2.5
    assert definition.prompts[1].position == 5


def test_what_is_stored_reads_back_as_the_same_definition() -> None:
    definition = parsed(GOOD)
    assert parsed(msgspec.json.decode(msgspec.json.encode(definition))) == definition


def test_a_definition_needs_only_a_name_and_one_prompt() -> None:
    definition = parsed({"name": "abc", "prompts": [{"name": "x", "content": "hi", "model": "local/smollm2"}]})
    assert (definition.on_error, definition.on_disconnect, definition.timeout_seconds) == ("stop", "grace:30", None)
    assert definition.prompts[0].id == ""


@pytest.mark.parametrize("data", [None, [], "x", 1, True], ids=str)
def test_anything_but_an_object_is_one_problem(data: object) -> None:
    assert found(data) == [("", "wrong_type")]


def test_null_is_the_same_as_absent() -> None:
    assert found(changed((("description",), None), ((*FIELD, "label"), None), (("timeoutSeconds",), None))) == []
    assert found(changed((("name",), None))) == [("name", "missing")]


@pytest.mark.parametrize(
    ("path", "value", "at", "code"),
    [
        (("name",), ABSENT, "name", "missing"),
        (("name",), " \n", "name", "missing"),
        (("name",), "ab", "name", "too_short"),
        (("name",), "x" * 256, "name", "too_long"),
        (("name",), "two\nlines", "name", "invalid_name"),
        (("name",), "nul\0", "name", "invalid_name"),
        (("name",), "half \ud800", "name", "invalid_text"),
        (("name",), 5, "name", "wrong_type"),
        (("description",), ["x"], "description", "wrong_type"),
        (("description",), "x" * 10_001, "description", "too_long"),
        (("fields",), {}, "fields", "wrong_type"),
        (FIELD, None, "fields[0]", "wrong_type"),
        ((*FIELD, "name"), "Topic", "fields[0].name", "invalid_name"),
        ((*FIELD, "name"), "to pic", "fields[0].name", "invalid_name"),
        ((*FIELD, "name"), "٣", "fields[0].name", "invalid_name"),
        ((*FIELD, "name"), "x\n", "fields[0].name", "invalid_name"),
        ((*FIELD, "name"), "x" * 25, "fields[0].name", "invalid_name"),
        ((*FIELD, "name"), "", "fields[0].name", "missing"),
        ((*FIELD, "name"), "grade", "fields[2].name", "duplicate"),
        ((*FIELD, "type"), ABSENT, "fields[0].type", "missing"),
        ((*FIELD, "type"), "text", "fields[0].type", "invalid_choice"),
        ((*FIELD, "required"), "yes", "fields[0].required", "wrong_type"),
        ((*FIELD, "required"), 1, "fields[0].required", "wrong_type"),
        ((*FIELD, "options"), [], "fields[0].options", "wrong_type"),
        ((*FIELD, "options", "maxLength"), 0, "fields[0].options.maxLength", "out_of_range"),
        ((*FIELD, "options", "maxLength"), True, "fields[0].options.maxLength", "wrong_type"),
        ((*FIELD, "options", "maxLength"), "200", "fields[0].options.maxLength", "wrong_type"),
        ((*FIELD, "options", "rows"), 3, "fields[0].options.rows", "not_allowed"),
        ((*FIELD, "options", "default"), "x" * 201, "fields[0].options.default", "contradiction"),
        ((*SELECT, "choices"), ABSENT, "fields[2].options.choices", "missing"),
        ((*SELECT, "choices"), [], "fields[2].options.choices", "too_few"),
        ((*SELECT, "choices", 1), "2", "fields[2].options.choices[1]", "wrong_type"),
        ((*SELECT, "choices", 1, "value"), "1", "fields[2].options.choices[1].value", "duplicate"),
        ((*SELECT, "choices", 1, "value"), "", "fields[2].options.choices[1].value", "missing"),
        ((*SELECT, "default"), "3", "fields[2].options.default", "contradiction"),
        ((*SELECT, "minSelections"), 1, "fields[2].options.minSelections", "not_allowed"),
        ((*MULTI, "minSelections"), 3, "fields[3].options.minSelections", "contradiction"),
        ((*MULTI, "maxSelections"), 0, "fields[3].options.maxSelections", "out_of_range"),
        (("prompts",), ABSENT, "prompts", "missing"),
        (("prompts",), [], "prompts", "too_few"),
        ((*PROMPT, "id"), "a b", "prompts[0].id", "invalid_name"),
        ((*PROMPT, "id"), "x" * 65, "prompts[0].id", "invalid_name"),
        ((*PROMPT, "id"), "p-2", "prompts[1].id", "duplicate"),
        ((*PROMPT, "name"), " ", "prompts[0].name", "missing"),
        ((*PROMPT, "content"), ABSENT, "prompts[0].content", "missing"),
        ((*PROMPT, "content"), " \n", "prompts[0].content", "missing"),
        ((*PROMPT, "system"), 1, "prompts[0].system", "wrong_type"),
        ((*PROMPT, "model"), ABSENT, "prompts[0].model", "missing"),
        ((*PROMPT, "model"), "gpt-5", "prompts[0].model", "invalid_model"),
        ((*PROMPT, "model"), "openai/", "prompts[0].model", "invalid_model"),
        ((*PROMPT, "model"), "/gpt-5", "prompts[0].model", "invalid_model"),
        ((*PROMPT, "model"), "open ai/gpt-5", "prompts[0].model", "invalid_model"),
        ((*PROMPT, "model"), "openai/gpt\x005", "prompts[0].model", "invalid_model"),
        ((*PROMPT, "fallbackModels", 0), "smollm2", "prompts[0].fallbackModels[0]", "invalid_model"),
        ((*PROMPT, "fallbackModels", 0), "openai/gpt-5-mini", "prompts[0].fallbackModels[0]", "duplicate"),
        ((*PROMPT, "fallbackModels"), ["a/b"] * 6, "prompts[0].fallbackModels", "too_many"),
        ((*PROMPT, "position"), -1, "prompts[0].position", "out_of_range"),
        ((*PROMPT, "position"), 1.5, "prompts[0].position", "wrong_type"),
        ((*PROMPT, "position"), "0", "prompts[0].position", "wrong_type"),
        ((*PROMPT, "position"), True, "prompts[0].position", "wrong_type"),
        ((*PROMPT, "inputMapping"), ["x"], "prompts[0].inputMapping", "wrong_type"),
        ((*PROMPT, "inputMapping"), {"x": 1}, "prompts[0].inputMapping.x", "wrong_type"),
        ((*PROMPT, "timeouts", "idle"), 0, "prompts[0].timeouts.idle", "out_of_range"),
        ((*PROMPT, "timeouts", "idle"), 900.5, "prompts[0].timeouts.idle", "out_of_range"),
        ((*PROMPT, "timeouts", "idle"), float("nan"), "prompts[0].timeouts.idle", "out_of_range"),
        ((*PROMPT, "maxOutputTokens"), 0, "prompts[0].maxOutputTokens", "out_of_range"),
        ((*PROMPT, "temperature"), 2.1, "prompts[0].temperature", "out_of_range"),
        ((*PROMPT, "temperature"), float("nan"), "prompts[0].temperature", "out_of_range"),
        (("onError",), "ignore", "onError", "invalid_choice"),
        (("onDisconnect",), "grace", "onDisconnect", "invalid_choice"),
        (("onDisconnect",), 30, "onDisconnect", "wrong_type"),
        (("timeoutSeconds",), 901, "timeoutSeconds", "out_of_range"),
        (("timeoutSeconds",), float("inf"), "timeoutSeconds", "out_of_range"),
        (("timeoutSeconds",), -1, "timeoutSeconds", "out_of_range"),
        (("version",), "1.0", "version", "unknown_key"),
        ((*FIELD, "field_type"), "select", "fields[0].field_type", "unknown_key"),
        ((*FIELD, "options", "max_length"), 5, "fields[0].options.max_length", "unknown_key"),
        ((*PROMPT, "systemContext"), "x", "prompts[0].systemContext", "unknown_key"),
        ((*PROMPT, "timeouts", "first"), 1, "prompts[0].timeouts.first", "unknown_key"),
        ((*SELECT, "choices", 0, "text"), "One", "fields[2].options.choices[0].text", "unknown_key"),
    ],
)
def test_one_wrong_member_is_one_problem_at_its_path(
    path: tuple[str | int, ...], value: object, at: str, code: str
) -> None:
    assert (at, code) in found(changed((path, value)))


def test_no_value_in_any_place_is_more_than_a_problem() -> None:
    for what, body in every_odd_one(GOOD):
        definition, problems = parse_definition(body)
        assert (definition is None) == bool(problems), what


def test_every_problem_is_reported_at_once() -> None:
    data = changed(
        (("name",), "x"),
        ((*FIELD, "name"), "Bad Name"),
        ((*SELECT, "default"), "9"),
        ((*PROMPT, "model"), "gpt"),
        (("prompts", 1, "position"), "last"),
        (("onError",), "retry"),
        (("extra",), 1),
    )
    assert {path for path, _ in found(data)} == {
        "name",
        "fields[0].name",
        "fields[2].options.default",
        "prompts[0].model",
        "prompts[1].position",
        "onError",
        "extra",
    }


def test_a_misspelt_member_is_answered_with_the_one_meant() -> None:
    _, problems = parse_definition(changed(((*FIELD, "options", "max_length"), 5), (("on_eror",), "stop")))
    assert [problem.message.rpartition(". ")[2] for problem in problems] == [
        "Did you mean 'maxLength'?",
        "Did you mean 'onError'?",
    ]


def test_a_message_never_repeats_a_huge_name() -> None:
    _, problems = parse_definition(changed(((*FIELD, "name"), "x" * 50_000), (("y" * 50_000,), 1)))
    assert len(problems) == 2
    assert all(len(problem.message) + len(problem.path) < 500 for problem in problems)


def test_a_million_unknown_members_are_a_few_problems() -> None:
    assert len(found(GOOD | {f"key{number}": 1 for number in range(100_000)})) == 21


def test_fifty_fields_and_twenty_prompts_are_the_most() -> None:
    fields = [{"name": f"f{number}", "type": "short_text"} for number in range(51)]
    prompts = [{"name": f"p{number}", "content": "x", "model": "a/b"} for number in range(21)]
    data: dict[str, object] = {"name": "Large", "fields": fields, "prompts": prompts}
    assert found(data) == [("fields", "too_many"), ("prompts", "too_many")]
    assert found(data | {"fields": fields[:50], "prompts": prompts[:20]}) == []


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert parsed(changed(((*PROMPT, "position"), 0.0))).prompts[0].position == 0


def test_prompts_are_decoded_of_editor_escapes_once() -> None:
    data = changed(((*PROMPT, "content"), r"\${topic} &#x24;{grade} a\_b"), ((*PROMPT, "system"), r"\${notes}"))
    prompt = parsed(data).prompts[0]
    assert (prompt.content, prompt.system) == ("${topic} ${grade} a_b", "${notes}")


def test_an_empty_system_prompt_is_none() -> None:
    assert parsed(changed(((*PROMPT, "system"), " "))).prompts[0].system is None


def test_names_lose_their_surrounding_spaces_and_nothing_else() -> None:
    definition = parsed(changed((("name",), "  Plan 👩‍👧 é  "), ((*PROMPT, "name"), " Draft ")))
    assert (definition.name, definition.prompts[0].name) == ("Plan 👩‍👧 é", "Draft")


def test_ids_are_given_only_where_they_are_missing() -> None:
    definition = parsed(changed((("prompts", 1, "id"), ABSENT)))
    made = iter(["new-1", "new-2"])
    assert [prompt.id for prompt in with_ids(definition, lambda: next(made)).prompts] == ["p-1", "new-1"]


def test_problems_of_templates_are_told_with_all_others() -> None:
    data = changed(
        (("onError",), "x"),
        ((*PROMPT, "content"), "{{ topic | nofilter }}"),
        (("prompts", 1, "content"), "Improve ${topc} and ${improve}"),
    )
    assert sorted(found(data)) == [
        ("onError", "invalid_choice"),
        ("prompts[0].content", "template_forbidden"),
        ("prompts[1].content", "template_unknown_name"),
        ("prompts[1].content", "template_unknown_name"),
    ]


def test_a_wrong_name_is_told_before_its_uses() -> None:
    assert found(changed(((*FIELD, "name"), "Topic"))) == [("fields[0].name", "invalid_name")]
    assert found(changed(((*PROMPT, "name"), ""))) == [("prompts[0].name", "missing")]
    assert found(changed((("prompts", 1, "position"), "last"))) == [("prompts[1].position", "wrong_type")]


def test_templates_are_not_miscounted_when_one_of_the_prompts_is_none() -> None:
    assert found(changed((PROMPT, None))) == [("prompts[0]", "wrong_type")]

"""Inputs against their form."""

from __future__ import annotations

import pytest

from lib.streaming.definition import Choice, Definition, FieldOptions, FieldType, InputField
from lib.streaming.input_check.check import MAX_INPUT_CHARACTERS, check_inputs
from lib.streaming.types import Value

CHOICES = (Choice("1", "One"), Choice("2", "Two"), Choice("3", "Three"))


def form(kind: FieldType, options: FieldOptions | None = None, *, required: bool = False) -> Definition:
    field = InputField(name="x", type=kind, label="Ex", required=required, options=options or FieldOptions())
    return Definition("abc", fields=(field,))


SHORT = form(FieldType.SHORT_TEXT, FieldOptions(max_length=5))
LONG = form(FieldType.LONG_TEXT, FieldOptions(default="so far"))
NEEDED = form(FieldType.SHORT_TEXT, required=True)
SELECT = form(FieldType.SELECT, FieldOptions(choices=CHOICES))
SELECT_DEFAULT = form(FieldType.SELECT, FieldOptions(choices=CHOICES, default="2"), required=True)
MULTI = form(FieldType.MULTI_SELECT, FieldOptions(choices=CHOICES, min_selections=2, max_selections=2))
MULTI_NEEDED = form(FieldType.MULTI_SELECT, FieldOptions(choices=CHOICES), required=True)
FILE = form(FieldType.FILE_UPLOAD, FieldOptions(accept=".txt, .MD", max_size=4))
FILE_NEEDED = form(FieldType.FILE_UPLOAD, required=True)
FILES = form(FieldType.FILE_UPLOAD, FieldOptions(multiple=True, accept="text/*,.txt"))
FILES_NEEDED = form(FieldType.FILE_UPLOAD, FieldOptions(multiple=True), required=True)


@pytest.mark.parametrize(
    ("definition", "sent", "value"),
    [
        (SHORT, {"x": "abcde"}, "abcde"),
        (SHORT, {"x": "👩👩👩👩👩"}, "👩👩👩👩👩"),
        (SHORT, {}, ""),
        (SHORT, {"x": None}, ""),
        (SHORT, None, ""),
        (LONG, {}, "so far"),
        (LONG, {"x": None}, "so far"),
        (LONG, {"x": ""}, ""),
        (NEEDED, {"x": " a "}, " a "),
        (SELECT, {"x": "3"}, "3"),
        (SELECT, {"x": ""}, ""),
        (SELECT, {}, ""),
        (SELECT_DEFAULT, {}, "2"),
        (MULTI, {"x": ["3", "1"]}, ["3", "1"]),
        (MULTI, {"x": []}, []),
        (MULTI, {}, []),
        (FILE, {"x": "text"}, "text"),
        (FILE, {"x": {"name": "a.TXT", "content": "text"}}, "text"),
        (FILE, {"x": {"content": "text"}}, "text"),
        (FILE, {}, ""),
        (FILES, {"x": ["a", {"name": "b.bin", "content": "b"}]}, ["a", "b"]),
        (FILES, {}, []),
    ],
)
def test_a_good_value_reaches_the_prompt_as_it_was_sent(definition: Definition, sent: object, value: Value) -> None:
    assert check_inputs(definition, sent) == ({"x": value}, [])


@pytest.mark.parametrize(
    ("definition", "sent", "at", "code"),
    [
        (SHORT, [], "inputs", "wrong_type"),
        (SHORT, "x", "inputs", "wrong_type"),
        (SHORT, {"x": 5}, "inputs.x", "wrong_type"),
        (SHORT, {"x": True}, "inputs.x", "wrong_type"),
        (SHORT, {"x": ["a"]}, "inputs.x", "wrong_type"),
        (SHORT, {"x": {"a": 1}}, "inputs.x", "wrong_type"),
        (SHORT, {"x": "abcdef"}, "inputs.x", "too_long"),
        (SHORT, {"x": "\ud800"}, "inputs.x", "invalid_text"),
        (SHORT, {"y": "a"}, "inputs.y", "unknown_key"),
        (NEEDED, {}, "inputs.x", "missing"),
        (NEEDED, {"x": None}, "inputs.x", "missing"),
        (NEEDED, {"x": " \n"}, "inputs.x", "missing"),
        (SELECT, {"x": "4"}, "inputs.x", "invalid_choice"),
        (SELECT, {"x": "One"}, "inputs.x", "invalid_choice"),
        (SELECT, {"x": 1}, "inputs.x", "wrong_type"),
        (SELECT, {"x": ["1"]}, "inputs.x", "wrong_type"),
        (SELECT_DEFAULT, {"x": ""}, "inputs.x", "missing"),
        (MULTI, {"x": "1"}, "inputs.x", "wrong_type"),
        (MULTI, {"x": {"1": True}}, "inputs.x", "wrong_type"),
        (MULTI, {"x": ["1", 2]}, "inputs.x[1]", "wrong_type"),
        (MULTI, {"x": ["1", None]}, "inputs.x[1]", "wrong_type"),
        (MULTI, {"x": ["1", "4"]}, "inputs.x[1]", "invalid_choice"),
        (MULTI, {"x": ["1", "1"]}, "inputs.x[1]", "duplicate"),
        (MULTI, {"x": ["1"]}, "inputs.x", "too_few"),
        (MULTI, {"x": ["1", "2", "3"]}, "inputs.x", "too_many"),
        (MULTI_NEEDED, {"x": []}, "inputs.x", "missing"),
        (MULTI_NEEDED, {}, "inputs.x", "missing"),
        (FILE, {"x": 5}, "inputs.x", "wrong_type"),
        (FILE, {"x": ["text"]}, "inputs.x", "wrong_type"),
        (FILE, {"x": "12345"}, "inputs.x", "too_long"),
        (FILE, {"x": "éé1"}, "inputs.x", "too_long"),
        (FILE, {"x": {"name": "a.txt", "content": "12345"}}, "inputs.x.content", "too_long"),
        (FILE, {"x": {"name": "a.pdf", "content": "1"}}, "inputs.x.name", "not_allowed"),
        (FILE, {"x": {"name": "a.txt"}}, "inputs.x.content", "wrong_type"),
        (FILE, {"x": {"name": 1, "content": "1"}}, "inputs.x.name", "wrong_type"),
        (FILE, {"x": {"filename": "a.txt", "content": "1"}}, "inputs.x.filename", "unknown_key"),
        (FILE_NEEDED, {"x": {"content": ""}}, "inputs.x", "missing"),
        (FILES, {"x": "text"}, "inputs.x", "wrong_type"),
        (FILES, {"x": ["a", None]}, "inputs.x[1]", "wrong_type"),
        (FILES, {"x": ["a", {"content": 1}]}, "inputs.x[1].content", "wrong_type"),
        (FILES_NEEDED, {"x": []}, "inputs.x", "missing"),
        (FILES_NEEDED, {"x": ["", " "]}, "inputs.x", "missing"),
    ],
)
def test_a_bad_value_is_a_problem_at_its_path(definition: Definition, sent: object, at: str, code: str) -> None:
    _, problems = check_inputs(definition, sent)
    assert [(problem.path, problem.code) for problem in problems] == [(at, code)]


def test_a_form_without_fields_takes_no_inputs_in_any_way_of_saying_so() -> None:
    assert check_inputs(Definition("abc"), {}) == ({}, [])
    assert check_inputs(Definition("abc"), None) == ({}, [])


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE x; --",
        '\\"\\',
        "${topic}",
        "{{ 7*7 }}",
        "nul\0nul",
        "👩‍👧",
        "e\u0301 \u00e9",
        "\ufeff\u2028\r\n",
        "$&$1",
    ],
)
def test_adversarial_text_arrives_character_by_character(text: str) -> None:
    values, problems = check_inputs(form(FieldType.LONG_TEXT), {"x": text})
    assert (values["x"], problems) == (text, [])


def test_every_problem_is_reported_at_once() -> None:
    fields = (
        InputField(name="a", type=FieldType.SHORT_TEXT, required=True),
        InputField(name="b", type=FieldType.SELECT, options=FieldOptions(choices=CHOICES)),
        InputField(name="c", type=FieldType.MULTI_SELECT, options=FieldOptions(choices=CHOICES)),
    )
    _, problems = check_inputs(Definition("abc", fields=fields), {"b": "9", "c": ["9", 9], "d": 1})
    assert [problem.path for problem in problems] == ["inputs.a", "inputs.b", "inputs.c[0]", "inputs.c[1]", "inputs.d"]


def test_messages_use_the_words_on_the_form() -> None:
    _, problems = check_inputs(SELECT, {"x": "Two", "z": "1"})
    assert [problem.message for problem in problems] == [
        "'Two' is no choice of 'Ex'. That is a label; send its value '2'.",
        "Nothing is called 'z' here. Known here: x.",
    ]


def test_all_inputs_together_have_a_limit_counted_in_characters_of_json() -> None:
    overhead = len('{"x":""}')
    fits = "é" * (MAX_INPUT_CHARACTERS - overhead)
    assert check_inputs(form(FieldType.LONG_TEXT), {"x": fits})[1] == []
    _, problems = check_inputs(form(FieldType.LONG_TEXT), {"x": fits + "é"})
    assert [(problem.path, problem.code) for problem in problems] == [("inputs", "too_long")]


def test_inputs_nested_without_end_are_a_wrong_type_not_a_crash() -> None:
    nested: object = []
    for _ in range(100_000):
        nested = [nested]
    _, problems = check_inputs(SHORT, {"x": nested})
    assert [(problem.path, problem.code) for problem in problems] == [("inputs.x", "wrong_type")]


def test_a_hundred_thousand_wrong_choices_are_answered_briefly() -> None:
    many = form(FieldType.MULTI_SELECT, FieldOptions(choices=tuple(Choice(f"choice{n}") for n in range(500))))
    _, problems = check_inputs(many, {"x": ["choiceX"] * 100_000})
    assert len(problems) == 501
    assert problems[-1].message == "There are more problems; these are the first 500."

"""Values of text and choice fields."""

from __future__ import annotations

from lib.streaming.definition import InputField
from lib.streaming.json_reading.object_reader import ObjectReader, well_formed
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.wording import json_kind, listed, shown, suggestion
from lib.streaming.types import Value


def text_value(reader: ObjectReader, field: InputField) -> str:
    value = _text(reader, field)
    limit = field.options.max_length
    if limit is not None and len(value) > limit:
        message = f"{called(field)} has {len(value)} characters; {limit} are allowed."
        reader.problem(field.name, ProblemCode.TOO_LONG, message)
    return value


def select_value(reader: ObjectReader, field: InputField) -> str:
    value = _text(reader, field)
    choices = _labels(field)
    if value and value not in choices:
        _refuse_choice(reader, field, field.name, value, choices)
    return value


def multi_select_value(reader: ObjectReader, field: InputField) -> Value:
    sent = reader.value(field.name)
    if sent is not None and not isinstance(sent, list):
        wrong_type(reader, field, "a list of choices", sent)
        return []
    choices = _labels(field)
    picked = [_picked(reader, field, number, item, choices) for number, item in enumerate(sent or [])]
    _check_repeated(reader, field, picked)
    _check_count(reader, field, len(picked))
    return list(picked)


def called(field: InputField) -> str:
    """How a message calls a field."""
    return f"'{field.label or field.name}'"


def require(reader: ObjectReader, field: InputField, *, given: bool) -> None:
    if field.required and not given:
        reader.problem(field.name, ProblemCode.MISSING, f"{called(field)} needs a value.")


def wrong_type(reader: ObjectReader, field: InputField, wanted: str, sent: object) -> None:
    message = f"{called(field)} must be {wanted}, not {json_kind(sent)}."
    reader.problem(field.name, ProblemCode.WRONG_TYPE, message)


def check_text(reader: ObjectReader, field: InputField, key: str, text: str) -> None:
    if not well_formed(text):
        message = f"{called(field)} holds half a surrogate pair, which is no character. Send it again as UTF-8."
        reader.problem(key, ProblemCode.INVALID_TEXT, message)


def _text(reader: ObjectReader, field: InputField) -> str:
    sent = reader.value(field.name)
    value = (field.options.default or "") if sent is None else sent
    if not isinstance(value, str):
        wrong_type(reader, field, "text", sent)
        return ""
    require(reader, field, given=bool(value.strip()))
    check_text(reader, field, field.name, value)
    return value


def _labels(field: InputField) -> dict[str, str]:
    """The choices' labels by value."""
    return {choice.value: choice.label for choice in field.options.choices}


def _picked(reader: ObjectReader, field: InputField, number: int, item: object, choices: dict[str, str]) -> str:
    key = f"{field.name}[{number}]"
    if not isinstance(item, str):
        message = f"Each choice of {called(field)} must be text, not {json_kind(item)}."
        reader.problem(key, ProblemCode.WRONG_TYPE, message)
        return ""
    if item not in choices:
        _refuse_choice(reader, field, key, item, choices)
    return item


def _check_repeated(reader: ObjectReader, field: InputField, picked: list[str]) -> None:
    seen: set[str] = set()
    for number, value in enumerate(picked):
        if value and value in seen:
            message = f"'{shown(value)}' is picked twice in {called(field)}."
            reader.problem(f"{field.name}[{number}]", ProblemCode.DUPLICATE, message)
        seen.add(value)


def _refuse_choice(reader: ObjectReader, field: InputField, key: str, value: str, choices: dict[str, str]) -> None:
    if reader.problems.full:
        return
    by_label = {label: value for value, label in choices.items() if label}
    advice = suggestion(value, choices, f"Choose one of: {listed(choices)}.")
    if value in by_label:
        advice = f"That is a label; send its value '{shown(by_label[value])}'."
    message = f"'{shown(value)}' is no choice of {called(field)}. {advice}"
    reader.problem(key, ProblemCode.INVALID_CHOICE, message)


def _check_count(reader: ObjectReader, field: InputField, count: int) -> None:
    require(reader, field, given=count > 0)
    least, most = field.options.min_selections or 0, field.options.max_selections
    # An optional field may be left alone; once it is used, its minimum holds.
    if 0 < count < least:
        reader.problem(field.name, ProblemCode.TOO_FEW, f"{called(field)} needs at least {least} choices.")
    if most is not None and count > most:
        reader.problem(field.name, ProblemCode.TOO_MANY, f"{called(field)} takes at most {most} choices.")

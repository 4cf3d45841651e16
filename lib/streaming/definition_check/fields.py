"""The fields of the input form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lib.streaming.definition import MAX_FIELDS, Choice, FieldOptions, FieldType, InputField
from lib.streaming.definition_check.limits import (
    MAX_ACCEPT,
    MAX_CHOICE,
    MAX_CHOICES,
    MAX_FIELD_NAME,
    MAX_LABEL,
    MAX_LENGTH_OPTION,
    MAX_ROWS,
    MAX_SIZE_OPTION,
    MAX_VALUE,
)
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.wording import listed, shown

_FIELD_NAME = re.compile(rf"[0-9a-z_]{{1,{MAX_FIELD_NAME}}}")

#: What may be said about a field, by its type.
FIELD_OPTIONS: Final[dict[FieldType, tuple[str, ...]]] = {
    FieldType.SHORT_TEXT: ("placeholder", "default", "maxLength"),
    FieldType.LONG_TEXT: ("placeholder", "default", "maxLength", "rows"),
    FieldType.SELECT: ("placeholder", "default", "choices"),
    FieldType.MULTI_SELECT: ("choices", "minSelections", "maxSelections"),
    FieldType.FILE_UPLOAD: ("accept", "maxSize", "multiple"),
}


def read_fields(definition: ObjectReader) -> tuple[InputField, ...]:
    readers = definition.nested_list("fields", 0, MAX_FIELDS)
    fields = tuple(_field(reader) for reader in readers)
    report_repeated(readers, "name", [field.name for field in fields])
    return fields


def report_repeated(readers: Sequence[ObjectReader], key: str, values: Sequence[str]) -> None:
    """A problem at every value that an earlier one of the list has; empty ones were reported elsewhere."""
    seen: set[str] = set()
    for reader, value in zip(readers, values, strict=True):
        if value and value in seen:
            message = f"'{shown(value)}' is there twice; every '{key}' must differ."
            reader.problem(key, ProblemCode.DUPLICATE, message)
        seen.add(value)


def _field(reader: ObjectReader) -> InputField:
    kind = reader.one_of("type", FieldType, required=True)
    field = InputField(
        name=_name(reader),
        type=kind or FieldType.SHORT_TEXT,
        label=reader.text("label", MAX_LABEL),
        required=reader.flag("required"),
        options=_options(reader.nested("options"), kind),
    )
    reader.finish()
    return field


def _name(reader: ObjectReader) -> str:
    name = reader.text("name", MAX_VALUE, required=True)
    if name.strip() and not _FIELD_NAME.fullmatch(name):
        message = (
            f"'{shown(name)}' cannot name a field: use 1 to {MAX_FIELD_NAME} of the characters a-z, 0-9 and _. "
            "People see the label."
        )
        reader.problem("name", ProblemCode.INVALID_NAME, message)
    return name


def _options(reader: ObjectReader, kind: FieldType | None) -> FieldOptions:
    options = FieldOptions(
        placeholder=reader.text("placeholder", MAX_LABEL) or None,
        default=reader.text("default", MAX_VALUE) or None,
        max_length=reader.whole("maxLength", 1, MAX_LENGTH_OPTION),
        rows=reader.whole("rows", 1, MAX_ROWS),
        choices=_choices(reader),
        min_selections=reader.whole("minSelections", 0, MAX_CHOICES),
        max_selections=reader.whole("maxSelections", 1, MAX_CHOICES),
        accept=reader.text("accept", MAX_ACCEPT) or None,
        max_size=reader.whole("maxSize", 1, MAX_SIZE_OPTION),
        multiple=reader.flag("multiple"),
    )
    reader.finish()
    if kind is not None:
        _check_allowed(reader, kind)
        _check_agreement(reader, kind, options)
    return options


def _choices(reader: ObjectReader) -> tuple[Choice, ...]:
    readers = reader.nested_list("choices", 0, MAX_CHOICES)
    choices: list[Choice] = []
    for choice in readers:
        choices.append(Choice(choice.text("value", MAX_CHOICE, required=True), choice.text("label", MAX_CHOICE)))
        choice.finish()
    report_repeated(readers, "value", [choice.value for choice in choices])
    return tuple(choices)


def _check_allowed(reader: ObjectReader, kind: FieldType) -> None:
    every = dict.fromkeys(name for names in FIELD_OPTIONS.values() for name in names)
    for name in every:
        if reader.has(name) and name not in FIELD_OPTIONS[kind]:
            message = f"A {kind} field has no '{name}'; it takes: {listed(FIELD_OPTIONS[kind])}."
            reader.problem(name, ProblemCode.NOT_ALLOWED, message)


def _check_agreement(reader: ObjectReader, kind: FieldType, options: FieldOptions) -> None:
    """Options that contradict each other."""
    selectable = kind in (FieldType.SELECT, FieldType.MULTI_SELECT)
    if selectable and not reader.has("choices"):
        reader.problem("choices", ProblemCode.MISSING, f"A {kind} field needs choices.")
    elif selectable and not options.choices and reader.value("choices") == []:
        reader.problem("choices", ProblemCode.TOO_FEW, f"A {kind} field needs at least one choice.")
    _check_selections(reader, options)
    _check_default(reader, kind, options)


def _check_selections(reader: ObjectReader, options: FieldOptions) -> None:
    least, most, count = options.min_selections, options.max_selections, len(options.choices)
    if least is not None and most is not None and least > most:
        message = f"'minSelections' is {least} but 'maxSelections' is {most}: nobody could answer."
        reader.problem("minSelections", ProblemCode.CONTRADICTION, message)
    if least is not None and count and least > count:
        message = f"'minSelections' is {least} but there are {count} choices: nobody could answer."
        reader.problem("minSelections", ProblemCode.CONTRADICTION, message)


def _check_default(reader: ObjectReader, kind: FieldType, options: FieldOptions) -> None:
    default = options.default
    if not default:
        return
    if kind is FieldType.SELECT and options.choices and default not in {choice.value for choice in options.choices}:
        message = f"The default '{shown(default)}' is the value of no choice."
        reader.problem("default", ProblemCode.CONTRADICTION, message)
    if options.max_length is not None and len(default) > options.max_length:
        message = f"The default has {len(default)} characters, more than 'maxLength'."
        reader.problem("default", ProblemCode.CONTRADICTION, message)

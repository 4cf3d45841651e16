"""Inputs of a run, checked field by field."""

from __future__ import annotations

import msgspec

from lib.streaming.definition import Definition, DefinitionProblem, FieldType, InputField
from lib.streaming.input_check.files import file_value
from lib.streaming.input_check.values import multi_select_value, select_value, text_value
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.problem_list import ProblemList
from lib.streaming.json_reading.wording import json_kind
from lib.streaming.types import Value

#: Characters of all inputs together, written as compact JSON.
MAX_INPUT_CHARACTERS = 100_000

PATH = "inputs"


def check_inputs(definition: Definition, data: object) -> tuple[dict[str, Value], list[DefinitionProblem]]:
    """The value of every field of the form, and everything that is wrong with what was sent.

    `data` is decoded JSON of any shape. A field left out, or null, has its default, else "" (or an empty list).
    Nothing is trimmed, normalised or converted. Paths are `inputs.<name>`. The values count only without problems.
    """
    problems = ProblemList()
    if data is not None and not isinstance(data, dict):
        message = f"The inputs must be an object of field names and values, not {json_kind(data)}."
        return {}, [DefinitionProblem(PATH, ProblemCode.WRONG_TYPE, message)]
    reader = ObjectReader(data or {}, PATH, problems)
    _check_size(reader, data)
    values = {field.name: _value(reader, field) for field in definition.fields}
    reader.finish()
    return values, problems.found


def _value(reader: ObjectReader, field: InputField) -> Value:
    match field.type:
        case FieldType.SHORT_TEXT | FieldType.LONG_TEXT:
            return text_value(reader, field)
        case FieldType.SELECT:
            return select_value(reader, field)
        case FieldType.MULTI_SELECT:
            return multi_select_value(reader, field)
        case FieldType.FILE_UPLOAD:
            return file_value(reader, field)


def _check_size(reader: ObjectReader, data: object) -> None:
    try:
        size = len(msgspec.json.encode(data).decode())
    except (UnicodeEncodeError, RecursionError):
        # Half a surrogate pair, or nesting no field takes: reported where it is.
        return
    if size > MAX_INPUT_CHARACTERS:
        message = f"The inputs have {size} characters as JSON; {MAX_INPUT_CHARACTERS} are allowed."
        reader.problems.add(PATH, ProblemCode.TOO_LONG, message)

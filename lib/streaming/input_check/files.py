"""Values of file fields: the text of a file, sent as text or as `{"name", "content"}`."""

from __future__ import annotations

from lib.streaming.definition import InputField
from lib.streaming.input_check.values import called, check_text, require, wrong_type
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.wording import json_kind, shown
from lib.streaming.types import Value

_MAX_FILE_NAME = 255


def file_value(reader: ObjectReader, field: InputField) -> Value:
    sent = reader.value(field.name)
    if not field.options.multiple:
        text = "" if sent is None else _file(reader, field, field.name, sent)
        require(reader, field, given=bool(text.strip()))
        return text
    if sent is not None and not isinstance(sent, list):
        wrong_type(reader, field, "a list of files", sent)
        return []
    texts = [_file(reader, field, f"{field.name}[{number}]", item) for number, item in enumerate(sent or [])]
    require(reader, field, given=any(text.strip() for text in texts))
    return list(texts)


def _file(reader: ObjectReader, field: InputField, key: str, sent: object) -> str:
    if isinstance(sent, dict):
        return _named_file(ObjectReader(sent, reader.below(key), reader.problems), reader, field, key)
    if not isinstance(sent, str):
        message = f"{called(field)} must be a file's text or an object with name and content, not {json_kind(sent)}."
        reader.problem(key, ProblemCode.WRONG_TYPE, message)
        return ""
    _check_content(reader, field, key, sent)
    return sent


def _named_file(file: ObjectReader, reader: ObjectReader, field: InputField, key: str) -> str:
    name = file.text("name", _MAX_FILE_NAME)
    content = file.value("content")
    file.finish()
    if name and not _accepted(name, field.options.accept):
        message = f"{called(field)} takes {field.options.accept} files; '{shown(name)}' is none."
        file.problem("name", ProblemCode.NOT_ALLOWED, message)
    if not isinstance(content, str):
        message = f"The content of a file in {called(field)} must be text, not {json_kind(content)}."
        file.problem("content", ProblemCode.WRONG_TYPE, message)
        return ""
    _check_content(reader, field, f"{key}.content", content)
    return content


def _check_content(reader: ObjectReader, field: InputField, key: str, content: str) -> None:
    check_text(reader, field, key, content)
    limit = field.options.max_size
    size = len(content.encode(errors="replace"))
    if limit is not None and size > limit:
        message = f"The file in {called(field)} has {size} bytes; {limit} are allowed."
        reader.problem(key, ProblemCode.TOO_LONG, message)


def _accepted(name: str, accept: str | None) -> bool:
    """Whether a file's name fits; what a media type means for a name cannot be told, so one in the list lets all in."""
    wanted = [token.strip().lower() for token in (accept or "").split(",") if token.strip()]
    extensions = [token for token in wanted if token.startswith(".")]
    return len(extensions) < len(wanted) or not wanted or name.lower().endswith(tuple(extensions))

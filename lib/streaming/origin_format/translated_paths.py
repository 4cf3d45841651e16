"""Problems found in a translated assistant, told in the words of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from lib.streaming.definition import DefinitionProblem

_WORDS = {
    "fields": "input_fields",
    "type": "field_type",
    "required": "options.required",
    "system": "system_context",
    "model": "model_name",
    "inputMapping": "input_mapping",
    "timeouts": "",
    "total": "timeout_seconds",
    "timeoutSeconds": "timeout_seconds",
}
_QUOTED_WORD = re.compile(rf"'({'|'.join(_WORDS)})'")
_CHOICES = re.compile(r"^(fields\[\d+\])\.options\.choices(.*)$")


def in_the_words_of_the_file(problem: DefinitionProblem, path: str, choices: Mapping[str, str]) -> DefinitionProblem:
    """A problem with its path below `path`; `choices` gives the fields whose choices lie elsewhere in the file."""
    message = _QUOTED_WORD.sub(lambda word: f"'{_WORDS[word[1]]}'", problem.message)
    return msgspec.structs.replace(problem, path=_path(problem.path, path, choices), message=message)


def _path(native: str, path: str, choices: Mapping[str, str]) -> str:
    tail = ""
    if (inside := _CHOICES.match(native)) and inside[1] in choices:
        native = inside[1]
        tail = _choice_tail(choices[native], inside[2])
    segments = [_segment(segment) for segment in native.split(".") if segment]
    return ".".join([path, *filter(None, segments)]) + tail


def _choice_tail(shape: str, rest: str) -> str:
    # A choice that is plain text has no member of its own to point at.
    return f".{shape}{rest.removesuffix('.value') if shape.endswith('values') else rest}"


def _segment(segment: str) -> str:
    word, bracket, index = segment.partition("[")
    return _WORDS.get(word, word) + bracket + index

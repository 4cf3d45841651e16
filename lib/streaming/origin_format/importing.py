"""From a file's bytes to definitions."""

from __future__ import annotations

import msgspec

from lib.streaming.definition import DefinitionProblem
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.wording import json_kind, shown
from lib.streaming.origin_format.assistant_translation import AssistantTranslation
from lib.streaming.origin_format.model_mapping import ModelMapping
from lib.streaming.origin_format.result import ImportedAssistant, OriginImport

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_ASSISTANTS = 1_000
VERSION = "1.0"


def import_assistants(file: bytes, models: ModelMapping) -> OriginImport:
    """Read a file of assistants. Each becomes a definition whole, or a list of every reason why not."""
    data, problem = _decoded(file)
    if problem is None:
        problem = _shape_problem(data)
    if problem is not None or not isinstance(data, dict):
        return OriginImport(problems=(problem,) if problem else ())
    return OriginImport(
        tuple(_assistant(raw, f"assistants[{number}]", models) for number, raw in enumerate(data["assistants"]))
    )


def _assistant(raw: object, path: str, models: ModelMapping) -> ImportedAssistant:
    if isinstance(raw, dict):
        return AssistantTranslation(raw, path, models).result()
    message = f"An assistant must be an object, not {json_kind(raw)}."
    return ImportedAssistant(path, "", None, (DefinitionProblem(path, ProblemCode.WRONG_TYPE, message),))


def _decoded(file: bytes) -> tuple[object, DefinitionProblem | None]:
    if len(file) > MAX_FILE_BYTES:
        message = f"The file has {len(file)} bytes; {MAX_FILE_BYTES} are allowed. Split it."
        return None, DefinitionProblem("", ProblemCode.TOO_LARGE, message)
    try:
        return msgspec.json.decode(file.removeprefix(b"\xef\xbb\xbf")), None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        return None, DefinitionProblem("", ProblemCode.MALFORMED, f"The file is not JSON in UTF-8: {wrong}.")


def _shape_problem(data: object) -> DefinitionProblem | None:
    if not isinstance(data, dict):
        message = f"The file must hold an object with 'version' and 'assistants', not {json_kind(data)}."
        return DefinitionProblem("", ProblemCode.WRONG_TYPE, message)
    if data.get("version") != VERSION:
        message = f'Only version "{VERSION}" can be read; this file says {shown(repr(data.get("version")))}.'
        return DefinitionProblem("version", ProblemCode.UNSUPPORTED_VERSION, message)
    assistants = data.get("assistants")
    if not isinstance(assistants, list) or not assistants:
        message = "'assistants' must be a list with at least one assistant."
        return DefinitionProblem("assistants", ProblemCode.MISSING, message)
    if len(assistants) > MAX_ASSISTANTS:
        message = f"The file has {len(assistants)} assistants; {MAX_ASSISTANTS} are allowed. Split it."
        return DefinitionProblem("assistants", ProblemCode.TOO_MANY, message)
    return None

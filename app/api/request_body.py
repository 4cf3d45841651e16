"""Bodies of requests: read whole by us, so that every problem is told and not only the first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.http.problems import ApiError, FieldError
from lib.streaming.definition import DefinitionProblem
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_list import ProblemList


def decoded(body: bytes) -> object:
    """The JSON of a body. Raises `ApiError(malformed_json)`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError("malformed_json", f"The body is no JSON: {error}.") from error
    except RecursionError as error:
        raise ApiError("malformed_json", "The body is nested too deeply.") from error


def object_in(body: bytes) -> ObjectReader:
    """The reader of a body that must be an object. Raises `ApiError`."""
    problems = ProblemList()
    reader = ObjectReader.of(decoded(body), "", problems)
    if reader is None:
        raise invalid("invalid_input", "The body must be an object.", problems.found)
    return reader


def finished(reader: ObjectReader) -> None:
    """Refuse a body with any problem, unknown members included. Raises `ApiError(invalid_input)`."""
    reader.finish()
    if reader.problems.found:
        raise invalid("invalid_input", "The request cannot be used as it is.", reader.problems.found)


def invalid(code: str, detail: str, problems: Sequence[DefinitionProblem]) -> ApiError:
    """The refusal that lists every problem."""
    return ApiError(code, detail, errors=[FieldError(problem.path, problem.message) for problem in problems])

"""Errors as clients see them: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException
from litestar.types import ExceptionHandlersMap

from app.http.problem_kinds import BY_STATUS, PROBLEMS, SHOWN_AS, ProblemKind
from app.http.request_record import request_record
from lib.streaming.errors import StreamingError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:assistant-architect:problem:"

AnyRequest: TypeAlias = Request[Any, Any, Any]


class FieldError(msgspec.Struct, frozen=True):
    """One invalid field: `path` such as `inputs.topic` or `prompts[2].content`."""

    path: str
    message: str


class ApiError(Exception):
    """What a route raises to refuse a request. `code` is a key of `PROBLEMS`; `detail` is shown to the caller."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class ProblemBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """The JSON object a client gets."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] = ()


def exception_handlers() -> ExceptionHandlersMap:
    """For the application: every exception becomes a problem."""
    return {Exception: answer_with_problem}


class Told(msgspec.Struct, frozen=True):
    """An exception as its reader is told of it, in whatever form."""

    error: ApiError
    kind: ProblemKind
    request_id: str


def told_to(request: AnyRequest, error: Exception) -> Told:
    """What to say of an exception. What we did not foresee is logged, and told as `internal_error` only."""
    told = as_api_error(error)
    if told.code == "internal_error":
        log.error("an error nobody handled", exc_info=error)
    record = request_record(request.scope)
    record.code = told.code
    return Told(told, _kind(told), record.request_id)


def answer_with_problem(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The response to an exception for programs."""
    told = told_to(request, error)
    body, headers = problem(told.error, told.request_id)
    return Response(body, status_code=told.kind.status, headers=headers, media_type=MEDIA_TYPE)


def problem(told: ApiError, request_id: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a refusal."""
    kind = _kind(told)
    body = ProblemBody(
        type=TYPE_PREFIX + told.code,
        title=kind.title,
        status=kind.status,
        detail=told.detail,
        code=told.code,
        request_id=request_id,
        errors=told.errors,
    )
    return msgspec.json.encode(body), _headers(told, kind)


def as_api_error(error: Exception) -> ApiError:
    """Any exception as something a client may see."""
    match error:
        case ApiError():
            return error
        case StreamingError():
            return _from_engine(error)
        case HTTPException():
            return _from_framework(error)
        case msgspec.ValidationError():
            return ApiError(
                "invalid_request", "The body does not have the agreed form.", errors=[field_error(str(error))]
            )
        case msgspec.DecodeError() | UnicodeDecodeError():
            return ApiError("malformed_json", f"The body is not JSON: {error}.")
        case _:
            return ApiError("internal_error", "Something went wrong on our side. Tell us the request id.")


def _from_engine(error: StreamingError) -> ApiError:
    code = SHOWN_AS.get(error.code, error.code)
    if code == "not_found":
        return not_found()
    if code not in PROBLEMS:
        return as_api_error(RuntimeError(code))
    return ApiError(code, error.message)


def not_found() -> ApiError:
    """The one answer for what is absent and for what is not yours."""
    return ApiError("not_found", "Check the address; what is not yours looks the same as what does not exist.")


def _from_framework(error: HTTPException) -> ApiError:
    headers = error.headers or {}
    if error.status_code >= 500:
        return as_api_error(RuntimeError())
    if error.status_code == HTTPStatus.NOT_FOUND:
        return not_found()
    if isinstance(error.extra, list) and error.extra:
        # The framework names the Python parameter, where `from` has to be `from_`.
        named = ((str(part.get("key", "")).rstrip("_"), str(part.get("message", ""))) for part in error.extra)
        errors = [FieldError(path, message) for path, message in named]
        return ApiError("invalid_request", "The request does not have the agreed form.", errors=errors)
    if isinstance(error.__cause__, SerializationException):
        return ApiError("malformed_json", f"The body is not JSON: {error.detail.rstrip('.')}.")
    code = BY_STATUS.get(error.status_code, "invalid_request")
    return ApiError(code, error.detail.rstrip(".") + ".", headers=headers)


def _headers(told: ApiError, kind: ProblemKind) -> dict[str, str]:
    headers = dict(told.headers)
    if kind.retry_after is not None:
        headers.setdefault("Retry-After", str(kind.retry_after))
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="assistant-architect"')
    if kind.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        # The rest of the body is still on its way; without this the server would go on receiving it.
        headers.setdefault("Connection", "close")
    return headers


def _kind(told: ApiError) -> ProblemKind:
    return PROBLEMS.get(told.code, PROBLEMS["internal_error"])


def field_error(message: str) -> FieldError:
    """From msgspec's own words: `Expected … - at `$.prompts[2].content``."""
    text, _, path = message.partition(" - at `$")
    return FieldError(path.rstrip("`").removeprefix("."), text)

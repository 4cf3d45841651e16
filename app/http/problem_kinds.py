"""The one table of what can be refused: code, status, title. docs/errors.md lists the same codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class ProblemKind(msgspec.Struct, frozen=True):
    """`retry_after`: seconds for the Retry-After header where the cause does not say."""

    status: int
    title: str
    retry_after: int | None = None


PROBLEMS: Mapping[str, ProblemKind] = MappingProxyType(
    {
        "malformed_json": ProblemKind(400, "The body is not JSON"),
        "invalid_request": ProblemKind(400, "The request is not understood"),
        "invalid_cursor": ProblemKind(400, "The list cursor is not one of this list"),
        "unauthenticated": ProblemKind(401, "Sign in, or send an API key"),
        "invalid_credentials": ProblemKind(401, "Nobody signs in with this"),
        "forbidden": ProblemKind(403, "Your role does not allow this"),
        "insufficient_scope": ProblemKind(403, "The API key does not allow this"),
        "csrf_failed": ProblemKind(403, "The request does not come from our own pages"),
        "not_found": ProblemKind(404, "There is no such thing here, or it is not yours"),
        "method_not_allowed": ProblemKind(405, "The method is not allowed here"),
        "protocol_not_available": ProblemKind(406, "The stream cannot be had in this form"),
        "assistant_not_runnable": ProblemKind(409, "The assistant cannot be run"),
        "assistant_busy": ProblemKind(409, "The assistant still has unfinished executions"),
        "execution_not_finished": ProblemKind(409, "The execution is not finished"),
        "email_taken": ProblemKind(409, "The e-mail address is in use"),
        "last_administrator": ProblemKind(409, "Nobody else administers the service"),
        "own_account": ProblemKind(409, "This cannot be done to oneself"),
        "invalid_state": ProblemKind(409, "Its state does not allow this"),
        "link_expired": ProblemKind(410, "The sign-in link does not work any more"),
        "contents_removed": ProblemKind(410, "The contents were removed"),
        "version_conflict": ProblemKind(412, "Somebody saved in between"),
        "payload_too_large": ProblemKind(413, "The body is too large"),
        "unsupported_media_type": ProblemKind(415, "The content type is not supported"),
        "invalid_input": ProblemKind(422, "The inputs do not fit the form"),
        "invalid_definition": ProblemKind(422, "The assistant's definition is not valid"),
        "idempotency_conflict": ProblemKind(422, "The idempotency key was used for another request"),
        "rate_limited": ProblemKind(429, "Too many requests"),
        "too_many_executions": ProblemKind(429, "Too many unfinished executions", retry_after=5),
        "internal_error": ProblemKind(500, "A fault of ours"),
        "server_draining": ProblemKind(503, "The server is stopping", retry_after=2),
        "storage_unavailable": ProblemKind(503, "The database does not answer", retry_after=5),
        "rate_limits_unavailable": ProblemKind(503, "The rate limits cannot be checked", retry_after=5),
        "overloaded": ProblemKind(503, "The server has too much to do", retry_after=2),
    }
)

#: Codes of the engine and of storage that clients see under another name. Absent and not yours look the same.
SHOWN_AS: Mapping[str, str] = MappingProxyType(
    {
        "execution_not_found": "not_found",
        "assistant_not_found": "not_found",
        "user_not_found": "not_found",
        "status_conflict": "invalid_state",
    }
)

#: What the framework refuses by status alone.
BY_STATUS: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid_request",
        401: "unauthenticated",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        413: "payload_too_large",
        415: "unsupported_media_type",
        429: "rate_limited",
    }
)

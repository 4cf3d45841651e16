"""Errors as clients see them: `application/problem+json` (RFC 9457), one table from code to status and title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:assistant-architect:problem:"


class ProblemKind(msgspec.Struct, frozen=True):
    """`retry_after`: seconds for the Retry-After header where the cause does not say."""

    status: int
    title: str
    retry_after: int | None = None


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

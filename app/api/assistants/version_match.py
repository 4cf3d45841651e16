"""Versions as entity tags (RFC 9110, 8.8.3 and 13.1.1): who changes something says which version they saw."""

from __future__ import annotations

import re

from litestar import Response

from app.api.assistant_json import AssistantDetail, assistant_detail
from app.db.records import AssistantRecord
from app.http.problems import ApiError, FieldError

_TAG = re.compile(r'"([0-9]{1,9})"')


def tagged(record: AssistantRecord) -> Response[AssistantDetail]:
    """The assistant, with the number of its version as `ETag`."""
    return Response(assistant_detail(record), headers={"ETag": f'"{record.version}"'})


def versions_in(if_match: str | None) -> tuple[int, ...] | None:
    """The versions that an `If-Match` header names; None for any. Raises `ApiError(invalid_request)`."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = [_TAG.fullmatch(tag.strip()) for tag in if_match.split(",")]
    numbers = tuple(int(tag[1]) for tag in tags if tag is not None)
    if len(numbers) != len(tags):
        problem = FieldError("If-Match", 'Expected the number of a version in quotes, as "3".')
        raise ApiError("invalid_request", "The header If-Match is not understood.", errors=[problem])
    return numbers

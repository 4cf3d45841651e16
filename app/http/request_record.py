"""What is learnt about a request while it is served; read at its end by the access log and the header writer."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.types import Scope

_KEY = "aa_request_record"


class RequestRecord(msgspec.Struct):
    """Mutable on purpose: every layer adds what it knows. `headers` are added to the response when it starts."""

    request_id: str = ""
    principal_id: str | None = None
    via: str | None = None
    closed: str | None = None
    code: str | None = None
    headers: list[tuple[bytes, bytes]] = []


def request_record(scope: Scope) -> RequestRecord:
    """The record of a request's ASGI scope, made at the first asking."""
    state = scope.setdefault("state", {})
    record: RequestRecord = state.get(_KEY) or state.setdefault(_KEY, RequestRecord())
    return record


def request_id_of(request: Request[Any, Any, Any]) -> str:
    """The id under which a request is logged."""
    return request_record(request.scope).request_id

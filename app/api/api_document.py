"""The API document as it is served: made once, with what every route may answer besides its success."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request

from app.http.problems import MEDIA_TYPE, ProblemBody

_REF = "#/components/schemas/{name}"


class ApiDocument:
    """The document as bytes, made when it is first asked for."""

    def __init__(self) -> None:
        self._encoded: bytes | None = None

    def encoded(self, request: Request[Any, Any, Any]) -> bytes:
        if self._encoded is None:
            self._encoded = msgspec.json.encode(_with_problems(request.app.openapi_schema.to_schema()))
        return self._encoded


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Every route may answer with a problem, and with nothing else that is no success."""
    _, components = msgspec.json.schema_components([ProblemBody], ref_template=_REF)
    document["components"]["schemas"].update(components)
    reference = {"$ref": _REF.format(name=ProblemBody.__name__)}
    answer = {"description": "A problem; `code` says which.", "content": {MEDIA_TYPE: {"schema": reference}}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("400", None)
            operation["responses"]["default"] = answer
    return document

"""What the API document says of bodies that a route reads itself."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

_REF = "#/components/schemas/{name}"


def json_body(form: type[msgspec.Struct]) -> type[Operation]:
    """The operation of a route whose JSON body has this form; forms inside it must be named by some answer."""
    _, components = msgspec.json.schema_components([form], schema_hook=_anything, ref_template=_REF)
    schema = components[form.__name__]
    schema["description"] = cleandoc(form.__doc__ or "")
    return body_of({"application/json": schema})


def named_body(name: str) -> type[Operation]:
    """As `json_body`, for a form that some answer names."""
    return body_of({"application/json": {"$ref": _REF.format(name=name)}})


def body_of(media: dict[str, dict[str, Any]]) -> type[Operation]:
    """The operation of a route that takes one of these media types, each with its JSON schema."""
    content = {name: OpenAPIMediaType(schema=_Literal(schema)) for name, schema in media.items()}

    @dataclass
    class DocumentedOperation(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content=content, required=True)

    return DocumentedOperation


def _anything(form: type) -> dict[str, Any]:
    """What a field of type `object` may hold."""
    assert form is object, form
    return {"description": "Any JSON value."}


class _Literal(Schema):
    """A schema that is JSON already."""

    def __init__(self, json: dict[str, Any]) -> None:
        super().__init__()
        self._json = json

    def to_schema(self) -> dict[str, Any]:
        return self._json

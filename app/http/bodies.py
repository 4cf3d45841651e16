"""JSON bodies: how large they may be, and how every problem in one is told at once."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, TypeGuard, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import structs

from app.http.problems import ApiError, FieldError, field_error

#: Given to `Litestar(request_max_body_size=…)`; a route that takes import files sets the larger one for itself.
MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_IMPORT_BYTES = 10 * 1024 * 1024

T = TypeVar("T")


def decode_body(raw: bytes, form: type[T]) -> T:
    """Decode a body; raise `ApiError`: `malformed_json`, or `invalid_request` with every field that does not fit."""
    try:
        return msgspec.json.decode(raw, type=form)
    except msgspec.ValidationError as error:
        errors = list(misfits(msgspec.json.decode(raw), form, "")) or [field_error(str(error))]
        raise ApiError("invalid_request", "The body does not have the agreed form.", errors=errors) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError("malformed_json", f"The body is not JSON: {error}.") from None


def misfits(value: object, form: object, path: str) -> Iterator[FieldError]:
    """Every place where plain JSON data does not fit a type: the decoder itself stops at the first."""
    parts = get_args(form)
    if isinstance(value, dict) and _is_struct(form):
        yield from _struct_misfits(value, form, path)
    elif isinstance(value, list) and get_origin(form) in (list, tuple) and len(set(parts) - {...}) == 1:
        for index, item in enumerate(value):
            yield from misfits(item, parts[0], f"{path}[{index}]")
    elif get_origin(form) in (Union, types.UnionType) and value is not None and len(set(parts) - {types.NoneType}) == 1:
        yield from misfits(value, next(part for part in parts if part is not types.NoneType), path)
    else:
        yield from _plain_misfit(value, form, path)


def _struct_misfits(value: dict[str, object], form: type[msgspec.Struct], path: str) -> Iterator[FieldError]:
    known = {field.encode_name: field for field in structs.fields(form)}
    for name, field in known.items():
        inner = f"{path}.{name}" if path else name
        if name in value:
            yield from misfits(value[name], field.type, inner)
        elif field.required:
            yield FieldError(inner, "It is missing.")
    if form.__struct_config__.forbid_unknown_fields:
        for name in value.keys() - known.keys():
            yield FieldError(f"{path}.{name}" if path else name, "There is no such field.")


def _plain_misfit(value: object, form: Any, path: str) -> Iterator[FieldError]:
    try:
        msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        found = field_error(str(error))
        dot = "." if path and found.path and not found.path.startswith("[") else ""
        yield FieldError(f"{path}{dot}{found.path}", found.message)


def _is_struct(form: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(form, type) and issubclass(form, msgspec.Struct)

"""How values lie in columns, the same on every database.

Text that a person or a model writes freely may hold NUL, which PostgreSQL's `text` refuses; it is stored as UTF-8
bytes. Identifiers (ids, slugs, codes, model names) are plain text. Times are Unix milliseconds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import BigInteger, Dialect, Enum, Integer, LargeBinary, TypeDecorator

T = TypeVar("T")

#: A growing number of a table; SQLite only counts up by itself in a column of type INTEGER.
RowKey = BigInteger().with_variant(Integer, "sqlite")


class Utf8Text(TypeDecorator[str]):
    """Any Unicode as UTF-8 bytes; a lone surrogate has no UTF-8 form and becomes `?`."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else utf8(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else value.decode()


class Json(TypeDecorator[T], Generic[T]):
    """A value of one type as JSON bytes; decoding checks the type."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind
        self._decoder = msgspec.json.Decoder(kind)

    def process_bind_param(self, value: T | None, dialect: Dialect) -> bytes | None:
        return None if value is None else msgspec.json.encode(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> T | None:
        return None if value is None else self._decoder.decode(value)


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def one_of(kind: type[StrEnum], column: str) -> Enum:
    """The type of a column that holds the values of an enumeration, checked by the database."""
    return Enum(kind, native_enum=False, create_constraint=True, length=32, values_callable=_values, name=column)


def _values(kind: Any) -> list[str]:
    return [member.value for member in kind]

"""Keyset paging: a cursor names the last row of a page by when it was made and its id."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, Table, Tuple, tuple_

from app.db.errors import InvalidCursor
from app.db.records import Page

T = TypeVar("T")
S = TypeVar("S", bound=Select[*tuple[object, ...]])


def encode(at_ms: int, row_id: str) -> str:
    return base64.urlsafe_b64encode(f"{at_ms}.{row_id}".encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[int, str]:
    try:
        plain = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
        at_ms, dot, row_id = plain.partition(".")
        if not dot or not at_ms.isascii() or not at_ms.isdecimal() or int(at_ms) >= 1 << 63:
            raise InvalidCursor("The cursor was not made by this list.")
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor("The cursor was not made by this list.") from error
    return int(at_ms), row_id


def newest_first(statement: S, table: Table, limit: int, cursor: str | None) -> S:
    """Order by time made and cut one row past the page, so that its end is known."""
    key = (table.c.created_ms, table.c.id)
    if cursor is not None:
        statement = statement.where(_tuple(key) < decode(cursor))
    return statement.order_by(*(column.desc() for column in key)).limit(limit + 1)


def oldest_first(statement: S, table: Table, limit: int, cursor: str | None) -> S:
    key = (table.c.created_ms, table.c.id)
    if cursor is not None:
        statement = statement.where(_tuple(key) > decode(cursor))
    return statement.order_by(*key).limit(limit + 1)


def page(items: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """The page of `limit` items out of the `limit + 1` asked for."""
    more = len(items) > limit
    kept = tuple(items[:limit])
    return Page(kept, cursor_of(kept[-1]) if more else None)


def _tuple(columns: tuple[ColumnElement[int], ColumnElement[str]]) -> Tuple:
    return tuple_(*columns)

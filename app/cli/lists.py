"""Whole lists out of pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from app.db.records import Page

T = TypeVar("T")

PAGE = 100


async def pages(read: Callable[[int, str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Every item of a paged list, a page at a time."""
    cursor: str | None = None
    while True:
        page = await read(PAGE, cursor)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return

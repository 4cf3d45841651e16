"""Where a list goes on."""

from __future__ import annotations

from urllib.parse import urlencode

from app.web.page import Caller

#: Rows on a page of a list.
ROWS = 25


def onward(request: Caller, cursor: str | None) -> str | None:
    """The address of the next stretch, with the same filters; None at the end."""
    if cursor is None:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor" and value]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


def first(request: Caller) -> str | None:
    """The address of the first stretch; None for who is there."""
    if not request.query_params.get("cursor"):
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor" and value]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")

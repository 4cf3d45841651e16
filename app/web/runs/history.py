"""GET /runs: the caller's own runs, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from app.api.access import viewer
from app.api.dependencies import TheAssistants, TheExecutions
from app.api.moment import milliseconds
from app.api.parameters import Cursor
from app.db.records import ExecutionFilter
from app.http.guards import principal_of
from app.http.problems import ApiError
from app.web.page import Caller, Pages
from lib.streaming.types import AssistantId, ExecutionStatus

PAGE = 30
ASSISTANTS_OFFERED = 100
_STATES = tuple(ExecutionStatus)


@get("/runs", include_in_schema=False)
async def history(
    request: Caller,
    pages: NamedDependency[Pages],
    executions: TheExecutions,
    assistants: TheAssistants,
    status: FromQuery[str] = "",
    assistant: FromQuery[str] = "",
    from_: Annotated[str, QueryParameter(name="from")] = "",
    to: FromQuery[str] = "",
    cursor: Cursor = None,
) -> Template:
    """The filters are a form, so the address is their state. Days are of UTC, and both ends are included."""
    caller = principal_of(request)
    filters = {"status": status, "assistant": assistant, "from": from_, "to": to}
    found = await executions.list(caller.id, PAGE, cursor, _filter(filters))
    offered = await assistants.list(viewer(caller), ASSISTANTS_OFFERED)
    kept = {name: value for name, value in filters.items() if value}
    return pages.page(
        request,
        "runs/history.html",
        runs=found.items,
        is_live=any(not run.status.terminal for run in found.items),
        filters=filters,
        is_filtered=bool(kept),
        states=_STATES,
        assistants=sorted(offered.items, key=lambda one: one.name.casefold()),
        address=f"/runs?{urlencode(kept | ({'cursor': cursor} if cursor else {}))}",
        is_first=cursor is None,
        newest=f"/runs?{urlencode(kept)}",
        more=f"/runs?{urlencode({**kept, 'cursor': found.next_cursor})}" if found.next_cursor else None,
    )


def _filter(filters: Mapping[str, str]) -> ExecutionFilter:
    until = _day(filters["to"], "to")
    return ExecutionFilter(
        status=_status(filters["status"]),
        assistant_id=AssistantId(filters["assistant"]) if filters["assistant"] else None,
        from_ms=milliseconds(_day(filters["from"], "from")),
        to_ms=milliseconds(until + timedelta(days=1) if until else None),
    )


def _status(text: str) -> ExecutionStatus | None:
    if text and text not in _STATES:
        raise ApiError("invalid_request", f"{text[:40]!r} is no state of a run.")
    return ExecutionStatus(text) if text else None


def _day(text: str, name: str) -> datetime | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise ApiError("invalid_request", f"'{name}' is a day such as 2026-11-25.") from None
    # The first and the last year have neighbours that no calendar here knows.
    if day is not None and not 1970 <= day.year < 9999:
        raise ApiError("invalid_request", f"'{name}' is a day from 1970 on.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


ROUTES = (history,)

"""GET /runs: the caller's own runs, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from app.api.access import viewer
from app.api.dependencies import TheAssistants, TheExecutions
from app.api.moment import milliseconds
from app.api.parameters import Cursor
from app.db.records import ExecutionFilter
from app.http.guards import principal_of
from app.http.problems import ApiError
from app.web.days import day
from app.web.page import Caller, ThePages
from lib.streaming.types import AssistantId, ExecutionStatus

PAGE = 30
ASSISTANTS_OFFERED = 100
_STATES = tuple(ExecutionStatus)


@get("/runs", include_in_schema=False)
async def history(
    request: Caller,
    pages: ThePages,
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
    return ExecutionFilter(
        status=_status(filters["status"]),
        assistant_id=AssistantId(filters["assistant"]) if filters["assistant"] else None,
        from_ms=milliseconds(day(filters["from"], "from")),
        to_ms=milliseconds(day(filters["to"], "to", later=1)),
    )


def _status(text: str) -> ExecutionStatus | None:
    if text and text not in _STATES:
        raise ApiError("invalid_request", f"{text[:40]!r} is no state of a run.")
    return ExecutionStatus(text) if text else None


ROUTES = (history,)

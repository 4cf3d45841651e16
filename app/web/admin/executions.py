"""GET /admin/executions and /admin/executions/{id}: every run, and all there is to know of one."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from app.api.admin.caller import GUARDS
from app.api.admin.executions.asked import oversight_filter
from app.api.dependencies import TheAccess, TheExecutions, TheOversight, TheUsers
from app.db.oversight import Order
from app.http.guards import principal_of
from app.http.problems import not_found
from app.http.request_record import request_record
from app.web.admin.timing import timing
from app.web.days import day
from app.web.page import Caller, ThePages
from app.web.paging import ROWS, first, onward
from lib.streaming.types import ExecutionId, ExecutionStatus

_FILTERS = ("status", "code", "user", "assistant", "model", "q", "from", "to", "sort")


@get("/admin/executions", include_in_schema=False, guards=GUARDS)
async def executions_page(request: Caller, pages: ThePages, oversight: TheOversight, users: TheUsers) -> Template:
    """Newest first. A state or an order that there is none of is left out; what is no day is refused."""
    asked = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
    where = await oversight_filter(
        users,
        status=ExecutionStatus(asked["status"]) if asked["status"] in set(ExecutionStatus) else None,
        code=asked["code"],
        user=asked["user"],
        assistant=asked["assistant"],
        model=asked["model"],
        text=asked["q"],
        from_=day(asked["from"], "from"),
        to=day(asked["to"], "to", later=1),
    )
    order = Order(asked["sort"]) if asked["sort"] in set(Order) else Order.CREATED
    page = await oversight.list(where, order, ROWS, request.query_params.get("cursor") or None)
    return pages.page(
        request,
        "admin/executions.html",
        rows=page.items,
        asked=asked,
        order=order,
        is_narrowed=any(value for name, value in asked.items() if name != "sort"),
        statuses=list(ExecutionStatus),
        following=onward(request, page.next_cursor),
        beginning=first(request),
    )


@get("/admin/executions/{execution_id:str}", include_in_schema=False, guards=GUARDS)
async def execution_page(
    request: Caller,
    execution_id: FromPath[str],
    pages: ThePages,
    access: TheAccess,
    executions: TheExecutions,
    oversight: TheOversight,
) -> Template:
    """Everything; a look at somebody else's is written down."""
    request_id = request_record(request.scope).request_id
    await access.execution(principal_of(request), execution_id, "execution.read", request_id)
    record = await executions.record(ExecutionId(execution_id))
    hold = await oversight.hold(ExecutionId(execution_id))
    if record is None or hold is None:
        raise not_found()
    return pages.page(request, "admin/execution.html", run=record, hold=hold, timing=timing)


ROUTES = (executions_page, execution_page)

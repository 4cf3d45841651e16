"""GET /api/admin/executions and what is below it. Every look at somebody's contents leaves an audit row."""

from datetime import datetime
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from app.api.admin.caller import GUARDS, Caller
from app.api.admin.executions.asked import oversight_filter
from app.api.admin.executions.shapes import OverseenDetail, OverseenList, Replay, hold_item, overseen_item
from app.api.dependencies import TheAccess, TheExecutions, TheOversight, TheReplays, TheService, TheUsers
from app.api.execution_json import execution_detail
from app.api.parameters import DEFAULT_LIMIT, Cursor, Limit
from app.db.oversight import Order
from app.http.guards import principal_of
from app.http.problems import not_found
from app.http.request_record import request_record
from lib.streaming.execution_manager.receipt import CancelReceipt
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus

Text = Annotated[str | None, QueryParameter(name="q", description="Looked for in messages, letter by letter.")]


@get("/api/admin/executions", summary="Everybody's executions", guards=GUARDS)
async def list_all_executions(
    oversight: TheOversight,
    users: TheUsers,
    status: FromQuery[ExecutionStatus | None] = None,
    code: FromQuery[str | None] = None,
    user: FromQuery[str | None] = None,
    assistant: FromQuery[str | None] = None,
    model: FromQuery[str | None] = None,
    q: Text = None,
    from_: Annotated[datetime | None, QueryParameter(name="from")] = None,
    to: FromQuery[datetime | None] = None,
    sort: FromQuery[Order] = Order.CREATED,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> OverseenList:
    """Newest first; with `sort=duration` longest first, without those that have not ended; with `sort=cost` dearest
    first, without those that cost nothing or nobody knows how much. A cursor fits its order.

    `model` and `q` are looked for in at most 20,000 executions an answer: one may be empty and still have a cursor.
    """
    where = await oversight_filter(
        users, status=status, code=code, user=user, assistant=assistant, model=model, text=q, from_=from_, to=to
    )
    page = await oversight.list(where, sort, limit, cursor)
    return OverseenList(tuple(overseen_item(found) for found in page.items), page.next_cursor)


@get("/api/admin/executions/{execution_id:str}", summary="All there is to know of an execution", guards=GUARDS)
async def read_any_execution(
    request: Caller,
    execution_id: FromPath[str],
    access: TheAccess,
    executions: TheExecutions,
    oversight: TheOversight,
) -> OverseenDetail:
    await access.execution(principal_of(request), execution_id, "execution.read", _request_id(request))
    record = await executions.record(ExecutionId(execution_id))
    hold = await oversight.hold(ExecutionId(execution_id))
    if record is None or hold is None:
        raise not_found()
    return OverseenDetail(execution_detail(record), hold.user, hold_item(hold))


@post(
    "/api/admin/executions/{execution_id:str}/cancel",
    status_code=200,
    summary="Stop anybody's execution and tell what happened",
    guards=GUARDS,
)
async def cancel_any_execution(
    request: Caller, execution_id: FromPath[str], access: TheAccess, service: TheService
) -> CancelReceipt:
    """As its owner's stop; the record says that an administrator ended it."""
    await access.execution(principal_of(request), execution_id, "execution.cancel", _request_id(request))
    receipt = await service.cancel(ExecutionId(execution_id), EndedBy.ADMIN)
    if receipt is None:
        raise not_found()
    return receipt


@get("/api/admin/executions/{execution_id:str}/replay", summary="Its events with their times", guards=GUARDS)
async def replay_execution(
    request: Caller,
    execution_id: FromPath[str],
    access: TheAccess,
    replays: TheReplays,
    after: Annotated[int, QueryParameter(ge=0, description="`nextCursor` of the stretch before.")] = 0,
) -> Replay:
    """At most 2,000 events and about 1 MiB at a time; 410 once its contents were removed."""
    await access.execution(principal_of(request), execution_id, "execution.replay", _request_id(request))
    return await replays.page(ExecutionId(execution_id), after)


def _request_id(request: Caller) -> str:
    return request_record(request.scope).request_id


ROUTES = (list_all_executions, read_any_execution, cancel_any_execution, replay_execution)

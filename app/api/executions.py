"""/api/executions: start without watching, look, follow, stop, remove."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter, RawBody
from litestar.response import Response
from litestar.types import ASGIApp

from app.api.delivery import NATIVE, check_protocol, event_number
from app.api.dependencies import TheAccess, TheDelivery, TheExecutions, TheRerunner, TheService, TheStarter
from app.api.documented import json_body
from app.api.event_schemas import stream_answer
from app.api.execution_json import ExecutionDetail, ExecutionList, execution_detail, execution_item
from app.api.moment import milliseconds
from app.api.parameters import DEFAULT_LIMIT, Cursor, IdempotencyKey, Limit, Protocol
from app.api.rerunning import RerunBody
from app.api.start_request import StartBody
from app.db.records import ExecutionFilter
from app.http.event_stream import STREAM_OPT
from app.http.guards import principal_of, requires_scope
from app.http.principal import Principal, Scope
from app.http.problems import ApiError
from app.http.rate_limits import RATE_LIMIT, STARTS
from app.http.request_record import request_id_of
from lib.streaming.execution_manager.receipt import CancelReceipt
from lib.streaming.ports.execution_store import Accepted
from lib.streaming.types import AssistantId, EndedBy, ExecutionId, ExecutionStatus

READ = [requires_scope(Scope.EXECUTIONS_READ)]
RUN = [requires_scope(Scope.EXECUTIONS_RUN)]

Caller = Request[Principal, Any, Any]


class Started(msgspec.Struct, frozen=True, rename="camel"):
    """A committed start: nobody needs to watch it."""

    id: ExecutionId
    status: ExecutionStatus
    events_url: str
    cancel_url: str


@post(
    "/api/executions",
    status_code=202,
    summary="Start an execution without watching it",
    operation_class=json_body(StartBody),
    guards=RUN,
    opt={RATE_LIMIT: STARTS},
)
async def start_execution(
    request: Caller,
    body: RawBody,
    starter: TheStarter,
    idempotency_key: IdempotencyKey = None,
) -> Response[Started]:
    return _started(await starter.start(principal_of(request), body, idempotency_key))


@post(
    "/api/executions/{execution_id:str}/rerun",
    status_code=202,
    summary="Run an execution again, from its first prompt or a later one",
    operation_class=json_body(RerunBody),
    guards=RUN,
    opt={RATE_LIMIT: STARTS},
)
async def rerun_execution(
    request: Caller,
    execution_id: FromPath[str],
    body: RawBody,
    access: TheAccess,
    rerunner: TheRerunner,
    idempotency_key: IdempotencyKey = None,
) -> Response[Started]:
    """A new execution of the same version, the caller's own. Results that are kept are not paid for again."""
    caller = principal_of(request)
    await access.execution(caller, execution_id, "execution.rerun", request_id_of(request))
    return _started(await rerunner.start(caller, ExecutionId(execution_id), body, idempotency_key))


def _started(accepted: Accepted) -> Response[Started]:
    url = f"/api/executions/{accepted.id}"
    started = Started(accepted.id, accepted.status, f"{url}/events", f"{url}/cancel")
    return Response(started, headers={"Location": url})


@get("/api/executions", summary="Own executions, newest first", guards=READ)
async def list_executions(
    request: Caller,
    executions: TheExecutions,
    status: FromQuery[ExecutionStatus | None] = None,
    assistant_id: Annotated[str | None, QueryParameter(name="assistantId")] = None,
    from_: Annotated[datetime | None, QueryParameter(name="from", description="Created at this time or later.")] = None,
    to: Annotated[datetime | None, QueryParameter(description="Created before this time.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> ExecutionList:
    where = ExecutionFilter(
        status=status,
        assistant_id=AssistantId(assistant_id) if assistant_id else None,
        from_ms=milliseconds(from_),
        to_ms=milliseconds(to),
    )
    page = await executions.list(principal_of(request).id, limit, cursor, where)
    return ExecutionList(tuple(execution_item(summary) for summary in page.items), page.next_cursor)


@get("/api/executions/{execution_id:str}", summary="The record of an execution", guards=READ)
async def read_execution(
    request: Caller, execution_id: FromPath[str], access: TheAccess, executions: TheExecutions
) -> ExecutionDetail:
    await access.execution(principal_of(request), execution_id, "execution.read", request_id_of(request))
    record = await executions.record(ExecutionId(execution_id))
    if record is None:
        raise ApiError("not_found", "The execution was removed just now.")
    return execution_detail(record)


@get(
    "/api/executions/{execution_id:str}/events",
    summary="Follow an execution's events",
    responses={
        200: stream_answer("The events after `Last-Event-ID` or `after`; 204 if it has ended and none is left."),
    },
    guards=READ,
    opt=STREAM_OPT,
)
async def follow_execution(
    request: Caller,
    execution_id: FromPath[str],
    delivery: TheDelivery,
    protocol: Protocol = NATIVE,
    after: FromQuery[str | None] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ASGIApp:
    """Never starts work. A number the execution never gave, or none, counts as 0: everything is sent."""
    check_protocol(protocol)
    number = event_number(after if last_event_id is None else last_event_id)
    return await delivery.of_existing(principal_of(request), execution_id, number, request_id_of(request))


@post(
    "/api/executions/{execution_id:str}/cancel",
    status_code=200,
    summary="Stop an execution and tell what happened",
    guards=RUN,
)
async def cancel_execution(
    request: Caller, execution_id: FromPath[str], access: TheAccess, service: TheService
) -> CancelReceipt:
    """Waits at most 5 seconds for the end; asking again is harmless."""
    own = await access.execution(principal_of(request), execution_id, "execution.cancel", request_id_of(request))
    receipt = await service.cancel(ExecutionId(execution_id), EndedBy.USER if own else EndedBy.ADMIN)
    if receipt is None:
        raise ApiError("not_found", "The execution was removed just now.")
    return receipt


@delete("/api/executions/{execution_id:str}", summary="Remove a finished execution", guards=RUN)
async def remove_execution(
    request: Caller, execution_id: FromPath[str], access: TheAccess, executions: TheExecutions
) -> None:
    """The record, its texts and its events are gone for good; a live one is refused (409)."""
    await access.execution(principal_of(request), execution_id, "execution.remove", request_id_of(request))
    await executions.delete(ExecutionId(execution_id))


ROUTES = (
    start_execution,
    rerun_execution,
    list_executions,
    read_execution,
    follow_execution,
    cancel_execution,
    remove_execution,
)

"""POST /api/assistant-architect/stream: run an assistant and watch it."""

from typing import Any

from litestar import Request, post
from litestar.params import RawBody
from litestar.types import ASGIApp

from app.api.delivery import NATIVE, check_protocol
from app.api.dependencies import TheDelivery
from app.api.documented import json_body
from app.api.event_schemas import stream_answer
from app.api.parameters import IdempotencyKey, Protocol
from app.api.start_request import StartBody
from app.http.event_stream import STREAM_OPT
from app.http.guards import principal_of, requires_scope
from app.http.principal import Principal, Scope
from app.http.rate_limits import RATE_LIMIT, STARTS


@post(
    "/api/assistant-architect/stream",
    status_code=200,
    summary="Run an assistant and stream its events",
    operation_class=json_body(StartBody),
    responses={200: stream_answer("The events of the execution, from its first one.")},
    guards=[requires_scope(Scope.EXECUTIONS_RUN)],
    opt={RATE_LIMIT: STARTS, **STREAM_OPT},
)
async def stream(
    request: Request[Principal, Any, Any],
    body: RawBody,
    delivery: TheDelivery,
    protocol: Protocol = NATIVE,
    idempotency_key: IdempotencyKey = None,
) -> ASGIApp:
    """Start an execution and answer with its events; a client that leaves comes back to its `Location` + `/events`."""
    check_protocol(protocol)
    return await delivery.of_new(principal_of(request), body, idempotency_key)

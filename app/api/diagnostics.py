"""/api/diagnostics: what the way between a client and this process does, for the command `doctor`."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.types import ASGIApp

from app.api.dependencies import TheDiagnosis
from app.http.event_stream import STREAM_OPT
from app.http.guards import requires_scope
from app.http.principal import Principal, Scope

READ = [requires_scope(Scope.EXECUTIONS_READ)]

Caller = Request[Principal, Any, Any]


class Way(msgspec.Struct, frozen=True, rename="camel"):
    """Who answers, and how the request looks from here. `node` is new with every start of a process."""

    node: str
    client_address: str
    scheme: str
    heartbeat_seconds: float


@get("/api/diagnostics", include_in_schema=False, guards=READ)
async def read_way(request: Caller, diagnosis: TheDiagnosis) -> Way:
    address = request.client.host if request.client else ""
    return Way(diagnosis.node, address, request.scope["scheme"], diagnosis.heartbeat_seconds)


@get("/api/diagnostics/stream", include_in_schema=False, guards=READ, opt=STREAM_OPT)
async def follow_ticks(diagnosis: TheDiagnosis) -> ASGIApp:
    """Ten events in step, a heartbeat, the end: about 16 seconds with the usual heartbeat."""
    return diagnosis.stream()


ROUTES = (read_way, follow_ticks)

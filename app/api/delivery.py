"""An execution's events as a response; the same for whoever starts one and whoever comes back to it."""

from __future__ import annotations

from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from app.api.access import Access
from app.api.starting import Starter
from app.http.authentication import Authentication
from app.http.deliveries import Deliveries
from app.http.principal import Principal
from app.http.problems import ApiError
from lib.streaming.streaming_service.service import StreamingService
from lib.streaming.types import ExecutionId

NATIVE = "native"
_PLANNED = ("ai-sdk", "ag-ui")


def check_protocol(protocol: str) -> None:
    """Refuse a wire we do not speak. Raises `ApiError`."""
    if protocol in _PLANNED:
        raise ApiError("protocol_not_available", f"The wire {protocol!r} is not available; leave out `protocol`.")
    if protocol != NATIVE:
        raise ApiError("invalid_request", f"There is no wire {protocol[:32]!r}; the one spoken here is {NATIVE!r}.")


def event_number(text: str | None) -> int:
    """The number in a `Last-Event-ID`; 0, which is everything, for what no execution ever gave."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else 0


class Delivery:
    """Opens event streams: all that a route which answers with one needs.

    One dependency and not three, since the framework resolves several in tasks of their own, and for the routes of
    streams that was a tenth of their time.
    """

    def __init__(
        self,
        service: StreamingService,
        deliveries: Deliveries,
        authentication: Authentication,
        starter: Starter,
        access: Access,
    ) -> None:
        self._service = service
        self._deliveries = deliveries
        self._authentication = authentication
        self._starter = starter
        self._access = access

    async def of_new(self, caller: Principal, body: bytes, idempotency_key: str | None) -> ASGIApp:
        """Start an execution; the response with its events from the first. Raises as `Starter.start`."""
        accepted = await self._starter.start(caller, body, idempotency_key)
        return await self._open(caller, accepted.id, 0)

    async def of_existing(self, caller: Principal, execution_id: str, after: int, request_id: str) -> ASGIApp:
        """The response: events after a number, or 204 if the execution has ended and none is left.

        Raises `ApiError(not_found)` where the caller is not to know of the execution.
        """
        await self._access.execution(caller, execution_id, "execution.follow", request_id)
        return await self._open(caller, ExecutionId(execution_id), after)

    async def _open(self, caller: Principal, execution_id: ExecutionId, after: int) -> ASGIApp:
        """The stream ends when the caller's session or key does."""
        view = await self._service.follow(execution_id, after)
        if view is None:
            return ASGIResponse(status_code=204)
        headers = {"X-Execution-Id": execution_id, "Location": f"/api/executions/{execution_id}"}
        permit = self._authentication.permit(caller)
        return self._deliveries.open(view, self._deliveries.frames(execution_id), headers=headers, permit=permit)

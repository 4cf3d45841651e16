"""What runs at this moment, once a second while somebody watches."""

from __future__ import annotations

import msgspec

from app.api.moment import moment
from app.db.running_now import Running, RunningNow, RunningRepository
from app.http.authentication import Authentication
from app.http.deliveries import Deliveries
from app.http.event_stream import EventStream
from app.http.principal import Principal
from lib.streaming.clock import Clock
from lib.streaming.sse_events.frames import escape_line_ends
from lib.streaming.types import ExecutionId, ExecutionStatus

EVERY_SECONDS = 1.0


class LiveExecution(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`tokensPerSecond` is an estimate over the last ten seconds; `owner` is the worker that holds it."""

    id: ExecutionId
    assistant: str
    user: str
    status: ExecutionStatus
    created_at: str
    age_ms: int
    tokens_per_second: float
    owner: str | None
    lease_left_ms: int | None


class Live(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`items` are the oldest of `total`."""

    at: str
    total: int
    tokens_per_second: float
    items: tuple[LiveExecution, ...]


class LiveView:
    """Opens streams of it; each looks for itself, by an index over what is live."""

    def __init__(
        self, running: RunningRepository, deliveries: Deliveries, authentication: Authentication, clock: Clock
    ) -> None:
        self._running = running
        self._deliveries = deliveries
        self._authentication = authentication
        self._clock = clock

    def open(self, principal: Principal) -> EventStream:
        """The stream ends when the caller's session or key does."""
        permit = self._authentication.permit(principal)
        return self._deliveries.open(_Source(self._running, self._clock), self._deliveries.frames(""), permit=permit)


class _Source:
    def __init__(self, running: RunningRepository, clock: Clock) -> None:
        self._running = running
        self._clock = clock
        self._begun = False

    async def read(self, max_wait: float) -> bytes | None:
        if self._begun:
            await self._clock.sleep(min(EVERY_SECONDS, max_wait))
        self._begun = True
        picture = msgspec.json.encode(_live(await self._running.now(), self._clock.now_ms()))
        return b"event: live\ndata: %s\n\n" % escape_line_ends(picture)

    async def close(self) -> None:
        return


def _live(now: RunningNow, at_ms: int) -> Live:
    return Live(
        at=moment(at_ms),
        total=now.total,
        tokens_per_second=round(now.tokens_per_second, 1),
        items=tuple(_item(one) for one in now.items),
    )


def _item(one: Running) -> LiveExecution:
    return LiveExecution(
        id=one.id,
        assistant=one.assistant,
        user=one.user,
        status=one.status,
        created_at=moment(one.created_ms),
        age_ms=one.age_ms,
        tokens_per_second=round(one.tokens_per_second, 1),
        owner=one.owner,
        lease_left_ms=one.lease_left_ms,
    )

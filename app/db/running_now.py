"""What runs at this moment, in the whole deployment, and how fast text comes."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from app.db.dialect import now_ms
from app.db.port import Database
from app.db.prepared import Prepared
from app.db.tables import LIVE, assistant_versions, events, executions, users
from lib.streaming.sse_events.vocabulary import DELTA_CODES
from lib.streaming.types import ExecutionId, ExecutionStatus

#: Executions shown at most, the oldest first; the others are counted.
MOST = 50
WINDOW_SECONDS = 10
#: Of each execution only so many of its newest events are looked at.
NEWEST_EVENTS = 500
#: A token is about four bytes of text. Providers count for themselves, but only at the end.
BYTES_PER_TOKEN = 4

_row = executions.c


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """`age_ms` since it was made; `tokens_per_second` is an estimate over the last seconds; `owner` is a worker."""

    id: ExecutionId
    assistant: str
    user: str
    status: ExecutionStatus
    created_ms: int
    age_ms: int
    tokens_per_second: float
    owner: str | None
    lease_left_ms: int | None


class RunningNow(msgspec.Struct, frozen=True):
    """`items` are the oldest; `total` counts all."""

    items: tuple[Running, ...]
    total: int

    @property
    def tokens_per_second(self) -> float:
        return sum(item.tokens_per_second for item in self.items)


_COUNT = Prepared(lambda _: select(func.count().label("total")).select_from(executions).where(LIVE))
_LIST = Prepared(
    lambda _: (
        select(
            *(_row.key, _row.id, _row.status, _row.created_ms, (now_ms() - _row.created_ms).label("age_ms")),
            *(_row.owner, (_row.lease_until_ms - now_ms()).label("lease_left_ms")),
            *(assistant_versions.c.name.label("assistant"), users.c.email.label("user")),
        )
        .join(assistant_versions, assistant_versions.c.id == _row.version_id)
        .join(users, users.c.id == _row.principal_id)
        .where(LIVE)
        .order_by(_row.created_ms, _row.key)
        .limit(bindparam("most"))
    )
)
_last = events.alias("last")
_newest = (
    select(func.max(_last.c.seq)).where(_last.c.execution_key == events.c.execution_key).correlate(events)
).scalar_subquery()
_RECENT = (
    select(events.c.execution_key.label("key"), func.sum(func.length(events.c.data)).label("bytes"))
    .where(
        events.c.seq > _newest - NEWEST_EVENTS,
        events.c.at_ms > now_ms() - WINDOW_SECONDS * 1000,
        events.c.code.in_([int(code) for code in sorted(DELTA_CODES)]),
    )
    .group_by(events.c.execution_key)
)


class RunningRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self) -> RunningNow:
        return await self._database.read(_now)


def _now(connection: Connection) -> RunningNow:
    rows = _LIST.rows(connection, most=MOST)
    if not rows:
        return RunningNow((), 0)
    recent = _RECENT.where(events.c.execution_key.in_([row.key for row in rows]))
    texts = {row.key: int(row.bytes) for row in connection.execute(recent)}
    items = tuple(
        Running(
            id=row.id,
            assistant=row.assistant,
            user=row.user,
            status=row.status,
            created_ms=row.created_ms,
            age_ms=row.age_ms,
            tokens_per_second=texts.get(row.key, 0) / BYTES_PER_TOKEN / WINDOW_SECONDS,
            owner=row.owner,
            lease_left_ms=row.lease_left_ms,
        )
        for row in rows
    )
    total = len(rows) if len(rows) < MOST else _COUNT.rows(connection)[0].total
    return RunningNow(items, total)

"""/api/admin/stats: what was run, how it went, how long it took."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter

from app.api.admin.caller import GUARDS
from app.api.admin.stretch import Stretch, stretch
from app.api.dependencies import TheAccess, TheStatistics
from app.api.moment import moment
from app.db.percentiles import Percentiles
from app.db.statistics import SAMPLE, DayStatus, Share, Statistics
from lib.streaming.pricing import dollars
from lib.streaming.types import ExecutionStatus

From = Annotated[datetime | None, QueryParameter(name="from", description="Made at this time or later.")]
To = Annotated[datetime | None, QueryParameter(name="to", description="Made before this time.")]

_EPOCH = date(1970, 1, 1)
_FAILED = (ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT)


class DayCount(msgspec.Struct, frozen=True, rename="camel"):
    """`day` in UTC. `codes`: why the failed ones failed. `cost`: US dollars as decimal text, the sum of what is known;
    `unpriced` counts the runs that used tokens at a price nobody knew.
    """

    day: str
    runs: int
    failed: int
    cancelled: int
    codes: dict[str, int]
    input_tokens: int
    output_tokens: int
    cost: str
    unpriced: int


class ShareCount(msgspec.Struct, frozen=True, rename="camel"):
    """`runs` of a model are its attempts, and `unpriced` counts these. `cost` as that of a day."""

    id: str
    name: str
    runs: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost: str
    unpriced: int


class Times(msgspec.Struct, frozen=True, rename="camel"):
    """Milliseconds, by nearest rank over `count` values; null where there is none."""

    p50: int | None
    p95: int | None
    count: int


class ModelTimesItem(msgspec.Struct, frozen=True, rename="camel"):
    model: str
    first_token_ms: Times
    duration_ms: Times


class Stats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Times are those of the newest `sampled` executions, at most `sample_limit`. Costs as those of a day."""

    from_: str = msgspec.field(name="from")
    to: str
    runs: int
    failed: int
    codes: dict[str, int]
    input_tokens: int
    output_tokens: int
    cost: str
    unpriced: int
    days: tuple[DayCount, ...]
    assistants: tuple[ShareCount, ...]
    users: tuple[ShareCount, ...]
    models: tuple[ShareCount, ...]
    sampled: int
    sample_limit: int
    first_token_ms: Times
    duration_ms: Times
    by_model: tuple[ModelTimesItem, ...]


@get("/api/admin/stats", summary="Runs, failures, tokens, costs and times of a stretch of time", guards=GUARDS)
async def read_stats(access: TheAccess, statistics: TheStatistics, from_: From = None, to: To = None) -> Stats:
    """The last 30 days unless said otherwise, at most 92."""
    asked = stretch(from_, to, access.now_ms())
    return stats(asked, await statistics.between(asked.from_ms, asked.to_ms))


def stats(asked: Stretch, found: Statistics) -> Stats:
    """The statistics with a row for every day, also those on which nothing was run."""
    days = tuple(_day(day, [one for one in found.days if one.day == day]) for day in asked.days)
    return Stats(
        from_=moment(asked.from_ms),
        to=moment(asked.to_ms),
        runs=sum(day.runs for day in days),
        failed=sum(day.failed for day in days),
        codes=_most_first(found.days),
        input_tokens=sum(day.input_tokens for day in days),
        output_tokens=sum(day.output_tokens for day in days),
        cost=dollars(sum(row.cost_nano for row in found.days)),
        unpriced=sum(day.unpriced for day in days),
        days=days,
        assistants=_shares(found.assistants),
        users=_shares(found.users),
        models=_shares(found.models),
        sampled=found.sampled,
        sample_limit=SAMPLE,
        first_token_ms=_times(found.first_token_ms),
        duration_ms=_times(found.duration_ms),
        by_model=tuple(
            ModelTimesItem(one.model, _times(one.first_token_ms), _times(one.duration_ms)) for one in found.by_model
        ),
    )


def _day(day: int, rows: list[DayStatus]) -> DayCount:
    return DayCount(
        day=(_EPOCH + timedelta(days=day)).isoformat(),
        runs=sum(row.runs for row in rows),
        failed=sum(row.runs for row in rows if row.status in _FAILED),
        cancelled=sum(row.runs for row in rows if row.status is ExecutionStatus.CANCELLED),
        codes=_most_first(rows),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        cost=dollars(sum(row.cost_nano for row in rows)),
        unpriced=sum(row.unpriced for row in rows),
    )


def _most_first(rows: Iterable[DayStatus]) -> dict[str, int]:
    codes: Counter[str] = Counter()
    for row in rows:
        if row.status in _FAILED:
            codes[row.code or row.status.value] += row.runs
    return dict(codes.most_common())


def _shares(shares: Iterable[Share]) -> tuple[ShareCount, ...]:
    return tuple(
        ShareCount(
            id=share.id,
            name=share.name,
            runs=share.runs,
            failed=share.failed,
            input_tokens=share.input_tokens,
            output_tokens=share.output_tokens,
            cost=dollars(share.cost_nano),
            unpriced=share.unpriced,
        )
        for share in shares
    )


def _times(measured: Percentiles) -> Times:
    return Times(measured.p50, measured.p95, measured.count)


ROUTES = (read_stats,)

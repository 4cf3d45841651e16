"""GET /admin: what runs now, and how the last days went."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from app.api.access import Access
from app.api.admin.caller import GUARDS
from app.api.admin.stats import DayCount, stats
from app.api.admin.stretch import DAY_MS, Stretch
from app.db.running_now import RunningRepository
from app.db.statistics import StatisticsRepository
from app.web import charts
from app.web.formats import money, nano
from app.web.page import Caller, ThePages

RANGES = (7, 30, 90)
_DEFAULT = 30


@get("/admin", include_in_schema=False, guards=GUARDS)
async def overview(
    request: Caller,
    pages: ThePages,
    access: NamedDependency[Access],
    statistics: NamedDependency[StatisticsRepository],
    running: NamedDependency[RunningRepository],
    days: FromQuery[int | None] = None,
) -> Template:
    """Any other number of days than those offered is the default."""
    wanted = days if days in RANGES else _DEFAULT
    to_ms = (access.now_ms() // DAY_MS + 1) * DAY_MS
    asked = Stretch(to_ms - wanted * DAY_MS, to_ms)
    shown = stats(asked, await statistics.between(asked.from_ms, asked.to_ms))
    return pages.page(
        request,
        "admin/overview.html",
        days=wanted,
        ranges=RANGES,
        stats=shown,
        runs=charts.bars([(day.runs - day.failed, day.failed, _label(day)) for day in shown.days]),
        tokens=charts.bars([(day.input_tokens, day.output_tokens, _tokens(day)) for day in shown.days]),
        costs=charts.bars([(nano(day.cost), 0, _cost(day)) for day in shown.days]),
        share=charts.share,
        now=await running.now(),
    )


@get("/admin/running", include_in_schema=False, guards=GUARDS)
async def running_now(request: Caller, pages: ThePages, running: NamedDependency[RunningRepository]) -> Template:
    """The part of the overview that is asked for again and again."""
    return pages.page(request, "admin/_running.html", now=await running.now())


def _label(day: DayCount) -> str:
    return f"{day.day}: {day.runs} runs, {day.failed} failed"


def _tokens(day: DayCount) -> str:
    return f"{day.day}: {day.input_tokens} tokens in, {day.output_tokens} out"


def _cost(day: DayCount) -> str:
    return f"{day.day}: {money(nano(day.cost))}"


ROUTES = (overview, running_now)

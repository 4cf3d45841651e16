"""Where the figures of a process are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from app.db.backlog import Backlog
from app.db.port import DatabaseLoad
from app.http.http_figures import HttpFigures
from lib.streaming.metering.engine_figures import EngineFigures
from lib.streaming.metering.numbers import Histogram


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """`backlog` asks the database and may raise `StreamingError`; everything else is read as it lies."""

    version: str
    database: str
    engine: EngineFigures
    http: HttpFigures
    loop_lag: Histogram
    backlog: Callable[[], Awaitable[Backlog]]
    database_load: Callable[[], DatabaseLoad]
    executions_held: Callable[[], int]
    streams_open: Callable[[], int]
    rate_limit_outages: Callable[[], int]

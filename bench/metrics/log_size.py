"""What 1,000 tokens take in the database: event by event while live, packed after the end."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from bench.ours import Ours
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import Script

#: Slow enough that hardly any two tokens of an execution become one event.
_RATE = 100
_EXECUTIONS = 10
_SETTLE_SECONDS = 2.0
_TABLES = ("events", "event_timelines", "prompt_results")
_BYTES = f"SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN {_TABLES} OR name LIKE '%prompt_results%'"


async def log_size(rig: Rig, target: Ours, tokens: int) -> list[Sample]:
    """KiB that ten executions add to the pages of events, timelines and texts; the text itself is in it. SQLite only."""
    database = target.database
    if database is None:
        return []
    before, rows = pages_bytes(database), event_count(database)
    for _ in range(_EXECUTIONS):
        await target.start_unwatched(Script(tokens, rate=_RATE, hold=True, words=True))
    await asyncio.sleep(tokens / _RATE + _SETTLE_SECONDS)
    live, rows = pages_bytes(database), event_count(database) - rows
    await rig.release()
    await asyncio.sleep(_SETTLE_SECONDS)
    packed = pages_bytes(database)
    per_thousand = _EXECUTIONS * tokens / 1000 * 1024
    note = f"{rows} events for {_EXECUTIONS * tokens} tokens"
    return [
        Sample(Metric.LOG_LIVE, target.name, (live - before) / per_thousand, note),
        Sample(Metric.LOG_PACKED, target.name, (packed - before) / per_thousand),
    ]


def pages_bytes(database: Path) -> int:
    """Bytes of the pages in use by what holds events and texts, indexes included."""
    return _number(database, _BYTES)


def event_count(database: Path) -> int:
    """How many events are rows."""
    return _number(database, "SELECT count(*) FROM events")


def _number(database: Path, query: str) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        number: int = connection.execute(query).fetchone()[0]
    finally:
        connection.close()
    return number

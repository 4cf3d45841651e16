"""What 1,000 tokens take in the database: event by event while live, packed after the end."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from bench.ours import Ours
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import Script

_RATE = 500
_EXECUTIONS = 10
_TOKENS = 1000
_SETTLE_SECONDS = 2.0


async def log_size(rig: Rig, target: Ours) -> list[Sample]:
    """KiB that ten executions of 1,000 words add to the tables of events (and their indexes)."""
    before = event_bytes(target.database)
    for _ in range(_EXECUTIONS):
        await target.start_unwatched(Script(_TOKENS, rate=_RATE, hold=True, words=True))
    await asyncio.sleep(_TOKENS / _RATE + _SETTLE_SECONDS)
    live = event_bytes(target.database)
    await rig.release()
    await asyncio.sleep(_SETTLE_SECONDS)
    packed = event_bytes(target.database)
    per_thousand = _EXECUTIONS * _TOKENS / 1000 * 1024
    return [
        Sample(Metric.LOG_LIVE, target.name, (live - before) / per_thousand),
        Sample(Metric.LOG_PACKED, target.name, (packed - before) / per_thousand),
    ]


def event_bytes(database: Path) -> int:
    """Bytes in use by everything whose name says it holds events or timelines."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        query = "SELECT coalesce(sum(payload + 3 * ncell), 0) FROM dbstat WHERE name LIKE '%event%' OR name LIKE '%timeline%'"
        total: int = connection.execute(query).fetchone()[0]
    finally:
        connection.close()
    return total

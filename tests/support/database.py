"""Migrated databases for tests, without rows: an SQLite file copied from one, or a PostgreSQL database."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from app.db.database import Storage, open_database
from app.db.migrate import upgrade
from app.db.url import is_postgresql
from lib.streaming.clock import Clock
from lib.streaming.ids import Uuid7Factory
from tests.support.database_clock import DatabaseClock


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "template.db"
        upgrade(f"sqlite:///{path}")
        return path.read_bytes()


def fresh_database(directory: Path) -> str:
    """The URL of an empty, migrated database in `directory`."""
    path = directory / "test.db"
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


async def open_storage(directory: Path, clock: Clock) -> Storage:
    """Storage over a fresh database; close it."""
    return await open_database(fresh_database(directory), clock, Uuid7Factory(clock.now_ms))


async def open_storage_at(url: str, clock: DatabaseClock) -> Storage:
    """Storage over the database at `url`, which the clock rules from now on; close it."""
    if is_postgresql(url):
        await clock.rule(url)
    # Text that does not wait for PostgreSQL's disk is the harder case of the two.
    return await open_database(url, clock, Uuid7Factory(clock.now_ms), relaxed_deltas=True)

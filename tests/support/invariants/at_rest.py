"""Whether anything is still open in a database that nobody uses: asked of the database, not of its user."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing

import asyncpg

from app.db.postgres.plain import connector
from app.db.url import sqlite_path

#: How long the last unit of work may take to end.
WAIT_SECONDS = 3.0

#: By the scheme of the address.
CHECKS: Mapping[str, Callable[[str], list[str]]]


def not_at_rest(database_url: str) -> list[str]:
    """What is still open, in words."""
    return CHECKS[database_url.partition(":")[0].partition("+")[0]](database_url)


def _sqlite(database_url: str) -> list[str]:
    """SQLite's own locks tell: an open write keeps a second writer out, an open read keeps the log from being cut."""
    with closing(sqlite3.connect(sqlite_path(database_url), isolation_level=None)) as database:
        database.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000:.0f}")
        return _writers(database) or _readers(database)


def _writers(database: sqlite3.Connection) -> list[str]:
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return [f"a transaction that writes is open ({error})"]
    database.execute("ROLLBACK")
    return []


def _readers(database: sqlite3.Connection) -> list[str]:
    until = time.monotonic() + WAIT_SECONDS
    # While another connection folds the log into the file, the answer is "busy" at once.
    while database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            return ["a transaction that reads is open"]
        time.sleep(0.02)
    return []


def _postgresql(database_url: str) -> list[str]:
    return asyncio.run(_open_transactions(database_url))


#: The server's own workers have transactions too, and so has whoever asks.
_OPEN = """
    SELECT pid, xact_start, state, left(query, 80) AS query FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


async def _open_transactions(database_url: str) -> list[str]:
    """What was open at first and still is at the end: a node that runs begins others all the time."""
    connection: asyncpg.Connection = await connector(database_url, statement_seconds=5)()
    try:
        until = time.monotonic() + WAIT_SECONDS
        held = await _transactions(connection)
        while held and time.monotonic() < until:
            await asyncio.sleep(0.02)
            now = await _transactions(connection)
            held = {key: told for key, told in now.items() if key in held}
        return list(held.values())
    finally:
        await connection.close()


async def _transactions(connection: asyncpg.Connection) -> dict[tuple[int, object], str]:
    rows = await connection.fetch(_OPEN)
    return {
        (row["pid"], row["xact_start"]): f"a transaction is open ({row['state']}, last {row['query']!r})"
        for row in rows
    }


CHECKS = {"sqlite": _sqlite, "postgresql": _postgresql}

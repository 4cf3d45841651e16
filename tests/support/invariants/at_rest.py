"""Whether anything is still open in a database that nobody uses: asked of the database, not of its user."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing

from app.db.url import sqlite_path

#: How long the last unit of work may take to end.
WAIT_SECONDS = 3.0

#: By the scheme of the address. Where connections come from a pool, "at rest" is: none checked out, and none
#: "idle in transaction" on the server.
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


CHECKS = {"sqlite": _sqlite}

"""Secrets where they must not be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing

from app.db.url import sqlite_path


def leaks(secrets: Iterable[str], places: Mapping[str, bytes]) -> list[str]:
    """Which secret is in which place, without telling it."""
    return [
        f"a secret ({secret[:3]}…, {len(secret)} characters) is in {place}"
        for secret in secrets
        for place, content in places.items()
        if secret.encode() in content
    ]


def stored_bytes(database_url: str) -> bytes:
    """Every page of the database, free ones and the write-ahead log included."""
    # Reading the file itself would take SQLite's locks away from a server in this very process.
    with closing(sqlite3.connect(sqlite_path(database_url))) as database:
        return database.serialize()

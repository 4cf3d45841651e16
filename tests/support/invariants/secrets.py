"""Secrets where they must not be."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing

import asyncpg

from app.db.postgres.plain import connector
from app.db.url import is_postgresql, sqlite_path


def leaks(secrets: Iterable[str], places: Mapping[str, bytes]) -> list[str]:
    """Which secret is in which place, without telling it."""
    return [
        f"a secret ({secret[:3]}…, {len(secret)} characters) is in {place}"
        for secret in secrets
        for place, content in places.items()
        if secret.encode() in content
    ]


def stored_bytes(database_url: str) -> bytes:
    """All that the database holds; of SQLite every page, free ones and the write-ahead log included.

    Blocks; not for an event loop.
    """
    if is_postgresql(database_url):
        return asyncio.run(_rows(database_url))
    # Reading the file itself would take SQLite's locks away from a server in this very process.
    with closing(sqlite3.connect(sqlite_path(database_url))) as database:
        return database.serialize()


async def _rows(database_url: str) -> bytes:
    """Every row of every table, in the form in which text and bytes are themselves."""
    connection: asyncpg.Connection = await connector(database_url, statement_seconds=10)()
    held = io.BytesIO()
    try:
        for table in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            await connection.copy_from_table(table["tablename"], output=held, format="binary")
    finally:
        await connection.close()
    return held.getvalue()

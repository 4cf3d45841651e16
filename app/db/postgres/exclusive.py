"""One node at a time, for what every node does at its start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.db.postgres.failures import translated
from app.db.postgres.plain import connector

#: Names the lock; every release must agree on it.
START_LOCK = 0x6161_5F73_7274
#: How long the others may take.
WAIT_SECONDS = 60.0


@asynccontextmanager
async def exclusively(url: str) -> AsyncIterator[None]:
    """Hold the lock that all nodes of a database take; a node that dies lets go of it. Raises `StorageUnavailable`."""
    with translated():
        connection = await connector(url, WAIT_SECONDS)()
    try:
        with translated():
            await connection.execute(f"SELECT pg_advisory_lock({START_LOCK})")
        yield
    finally:
        await connection.close()

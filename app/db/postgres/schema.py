"""Work on a PostgreSQL schema outside a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, text

from app.db.postgres.engine import single
from app.db.postgres.failures import translated

#: Names the lock under which one process at a time works on the schema; every release must agree on it.
SCHEMA_LOCK = 0x6161_5F73_6368


def in_transaction(url: str, work: Callable[[Connection], None]) -> None:
    """Run `work` in one transaction, alone; others wait. Blocks, also where an event loop runs.

    Raises `StorageUnavailable`, `UnsupportedDatabase`.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _run(url, work)).result()


async def _run(url: str, work: Callable[[Connection], None]) -> None:
    engine = single(url)
    with translated():
        try:
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
                await connection.run_sync(work)
        finally:
            await engine.dispose()

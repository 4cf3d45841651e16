"""The queue's one connection to PostgreSQL: opened when first used, and anew after it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from app.jobs.ticket_table import TicketTable
from lib.streaming.errors import StorageUnavailable

#: What the driver raises when the database is away, or does not answer in time, or lost the tables.
TROUBLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

#: Makes a table of tickets on a new connection, with whatever must be done there first.
OpenTable: TypeAlias = Callable[[], Awaitable[TicketTable]]


class KeptTable:
    """Several tasks may use it at once."""

    def __init__(self, open_table: OpenTable) -> None:
        self._open_table = open_table
        self._opening = asyncio.Lock()
        self._table: TicketTable | None = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[TicketTable]:
        """The table; raises `StorageUnavailable`, and the next use begins with another connection."""
        table: TicketTable | None = None
        try:
            table = await self._get()
            yield table
        except TROUBLE as error:
            self._drop(table)
            message = f"The job queue's tables do not answer: {type(error).__name__}: {error}."
            raise StorageUnavailable(message) from error

    async def close(self) -> None:
        table, self._table = self._table, None
        if table is not None:
            await table.close()

    async def _get(self) -> TicketTable:
        async with self._opening:
            if self._table is None or self._table.connection.is_closed():
                self._table = await self._open_table()
            return self._table

    def _drop(self, table: TicketTable | None) -> None:
        """Let go of its connection without waiting for the server; another may be in its place already."""
        if table is not None:
            table.connection.terminate()
        if self._table is table:
            self._table = None

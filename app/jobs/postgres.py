"""The queue of many workers, on PgQueuer's tables in PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias
from uuid import uuid4

import asyncpg
from pgqueuer.domain.types import QueueManagerId

from app.jobs.kept_table import KeptTable
from app.jobs.ticket_table import TicketTable
from app.jobs.ticket_worker import TicketWorker
from lib.streaming.clock import Clock
from lib.streaming.ports.job_queue import Handler, QueueStats
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import ExecutionId

#: Opens a connection to the database, for this queue alone.
Connect: TypeAlias = Callable[[], Awaitable[asyncpg.Connection]]


class PostgresJobQueue:
    """At most `limit` handlers at once over all workers, and `hands` in this one; all workers agree on the limit.

    `lease_seconds`: a worker not heard of for so long loses its tickets. `submit` and `stats` raise
    `StorageUnavailable`; the work itself goes on while the database is away.
    """

    def __init__(
        self, connect: Connect, clock: Clock, *, limit: int = 1000, hands: int = 1000, lease_seconds: float = 5.0
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._limit = limit
        self._hands = hands
        self._stale = timedelta(seconds=lease_seconds)
        self._id = QueueManagerId(uuid4())
        self._table = KeptTable(self._open_table)
        self._supervisor = Supervisor(clock)
        self._worker: TicketWorker | None = None

    async def open(self, handler: Handler | None) -> None:
        if handler is not None:
            self._worker = TicketWorker(self._table, handler, self._clock, self._hands)
            self._supervisor.keep("job-queue", self._worker.run)

    async def submit(self, *execution_ids: ExecutionId) -> None:
        async with self._table.use() as table:
            await table.offer(execution_ids)

    async def stats(self) -> QueueStats:
        async with self._table.use() as table:
            return await table.stats()

    async def pause(self) -> None:
        if self._worker is not None:
            self._worker.pause()

    async def close(self) -> None:
        """Cancel the handlers still in hand, give their tickets back, and return once they have let go."""
        if self._worker is not None:
            await self._worker.close()
        await self._supervisor.close()
        await self._table.close()

    async def _open_table(self) -> TicketTable:
        table = TicketTable(await self._connect(), self._id, self._limit, self._stale)
        await table.listen(self._wake)
        return table

    def _wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()

"""Tickets as PgQueuer keeps them in PostgreSQL, through one connection.

PgQueuer finds tickets by their number only, so whoever hands one in asks first whether it still is the holder: after
a long stop somebody else may be, and taking the ticket from them would give its place under the limit to a third.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

import asyncpg
from pgqueuer import AsyncpgDriver, Job, Queries
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.types import JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter

from app.jobs.object_names import object_names
from app.jobs.ticket_insert import ENTRYPOINT, TicketInsert
from lib.streaming.ports.job_queue import QueueStats
from lib.streaming.types import ExecutionId

NO_DELAY = timedelta(0)
#: Older steps of a ticket are of no use to anybody; PgQueuer would keep them for ever.
KEEP_LOG = timedelta(hours=1)


class TicketTable:
    """`limit`: tickets held at a time over all workers. Raises the driver's errors."""

    def __init__(self, connection: asyncpg.Connection, worker: QueueManagerId, limit: int, stale: timedelta) -> None:
        names = object_names()
        self.connection = connection
        self._queries = Queries(
            AsyncpgDriver(connection),
            QueryBuilderEnvironment(settings=names),
            QueryQueueBuilder(settings=names),
            QuerySchedulerBuilder(settings=names),
        )
        self._names = names
        self._insert = TicketInsert()
        self._worker = worker
        self._limit = limit
        self._stale = stale
        # A connection does one thing at a time, and what hands tickets in is more than one statement.
        self._turn = asyncio.Lock()

    async def listen(self, changed: Callable[[], None]) -> None:
        """Call back whenever a ticket was added or removed, on any node, and when the connection is lost."""
        async with self._turn:
            self.connection.add_termination_listener(lambda _: changed())
            await self.connection.add_listener(self._names.channel, lambda *_: changed())

    async def offer(self, execution_ids: Collection[ExecutionId]) -> None:
        """Make tickets where there are none."""
        async with self._turn:
            await self.connection.fetch(self._insert.text, *self._insert.values(*execution_ids))

    async def take(self, most: int) -> Sequence[Job]:
        """At most so many tickets, oldest first; also those whose holder has not been heard of for too long."""
        async with self._turn:
            return await self._queries.dequeue(
                batch_size=most,
                entrypoints={QueueEntrypoint(ENTRYPOINT): EntrypointExecutionParameter(self._limit)},
                queue_manager_id=self._worker,
                global_concurrency_limit=None,
                heartbeat_timeout=self._stale,
            )

    async def has_more(self) -> bool:
        """Whether a ticket waits that the limit would allow to take: another worker was quicker at the last try."""
        table = self._names.queue_table
        async with self._turn:
            waits = await self.connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table} WHERE entrypoint = $1 AND status = 'queued'"  # noqa: S608
                f" AND execute_after < now())"
                f" AND (SELECT count(*) FROM {table} WHERE entrypoint = $1 AND status = 'picked') < $2",
                ENTRYPOINT,
                self._limit,
            )
            return bool(waits)

    async def keep(self, tickets: Collection[JobId]) -> None:
        """Say that their holder lives."""
        async with self._turn:
            await self._queries.update_heartbeat(list(tickets))

    async def hand_in(self, done: Collection[Job], back: Collection[Job]) -> None:
        """Remove the tickets that are done with, offer the others again."""
        async with self._turn, self.connection.transaction():
            mine = await self._mine([job.id for job in (*done, *back)])
            if gone := [job for job in done if job.id in mine]:
                await self._queries.log_jobs([(job, "successful", None) for job in gone])
            for job in back:
                if job.id in mine:
                    await self._queries.retry_job(job, NO_DELAY, None)
            if back:
                # A ticket that changes makes no noise of its own.
                await self.connection.execute("SELECT pg_notify($1, '')", self._names.channel)

    async def stats(self) -> QueueStats:
        async with self._turn:
            counts = {"queued": 0, "picked": 0}
            for row in await self._queries.queue_size():
                counts[row.status] = counts.get(row.status, 0) + row.count
            return QueueStats(queued=counts["queued"], running=counts["picked"])

    async def trim_log(self, keep: timedelta = KEEP_LOG) -> None:
        """Forget the steps that are older."""
        async with self._turn:
            await self.connection.execute(
                f"DELETE FROM {self._names.queue_table_log} WHERE created < now() - $1::interval",  # noqa: S608
                keep,
            )

    async def close(self) -> None:
        async with self._turn:
            await self.connection.close()

    async def _mine(self, tickets: Collection[JobId]) -> set[JobId]:
        """Those of the tickets that this worker holds, kept from everybody else until the transaction ends."""
        rows = await self.connection.fetch(
            f"SELECT id FROM {self._names.queue_table}"  # noqa: S608
            " WHERE id = ANY($1) AND queue_manager_id = $2 FOR UPDATE",
            list(tickets),
            self._worker,
        )
        return {JobId(row["id"]) for row in rows}

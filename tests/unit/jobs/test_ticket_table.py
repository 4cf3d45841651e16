"""Tickets as rows: PgQueuer's tables and statements, and what is added to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
from pgqueuer import AsyncpgDriver, Queries
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.types import QueueManagerId

from app.db.postgres.plain import Connect
from app.jobs.object_names import object_names
from app.jobs.ticket_insert import ENTRYPOINT, TicketInsert
from app.jobs.ticket_table import TicketTable
from lib.streaming.ports.job_queue import QueueStats
from lib.streaming.types import ExecutionId

LIMIT = 4


def queries(driver: Any) -> Queries:
    names = object_names()
    return Queries(
        driver,
        QueryBuilderEnvironment(settings=names),
        QueryQueueBuilder(settings=names),
        QuerySchedulerBuilder(settings=names),
    )


def ids(*names: str) -> list[ExecutionId]:
    return [ExecutionId(name) for name in names]


async def test_the_migrated_tables_are_what_the_installed_release_declares(connection: asyncpg.Connection) -> None:
    plan = await queries(AsyncpgDriver(connection)).plan_upgrade()
    assert (list(plan.statements), list(plan.notes)) == ([], [])


async def test_a_ticket_is_made_by_the_library_s_own_statement() -> None:
    sent: list[tuple[object, ...]] = []

    class Recorder:
        async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
            sent.append((query, *args))
            return []

    names = ids("a", "b")
    payloads: list[bytes | None] = [name.encode() for name in names]
    keys: list[str | None] = list(names)
    await queries(Recorder()).enqueue([ENTRYPOINT] * 2, payloads, [0, 0], dedupe_key=keys, on_conflict="skip")
    insert = TicketInsert()
    assert [(insert.text, *insert.values(*names))] == sent


async def test_what_another_worker_holds_by_now_is_not_handed_in(connect: Connect) -> None:
    tables = [
        TicketTable(await connect(), QueueManagerId(uuid4()), LIMIT, timedelta(seconds=stale)) for stale in (60, 0)
    ]
    slow, quick = tables
    await slow.offer(ids("a", "b"))
    jobs = await slow.take(10)
    assert len(await quick.take(10)) == 2
    await slow.hand_in(jobs[:1], jobs[1:])
    assert await slow.stats() == QueueStats(queued=0, running=2)
    for table in tables:
        await table.close()

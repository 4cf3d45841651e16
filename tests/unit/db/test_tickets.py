"""On PostgreSQL an execution and its delivery ticket are one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text

from app.db.database import Storage, storage_at
from app.jobs.ticket_insert import TicketInsert
from lib.streaming.errors import TooManyExecutions
from lib.streaming.ids import Uuid7Factory
from lib.streaming.types import ExecutionId
from tests.support.database_clock import DatabaseClock
from tests.support.sql_stores import sql_stores
from tests.support.stores import Stores


@pytest.fixture
async def ticketing(postgres_url: str, clock: DatabaseClock) -> AsyncIterator[Storage]:
    await clock.rule(postgres_url)
    storage = storage_at(postgres_url, clock, Uuid7Factory(clock.now_ms), tickets=TicketInsert())
    yield storage
    await storage.close()


@pytest.fixture
def stores(ticketing: Storage, clock: DatabaseClock) -> Stores:
    return sql_stores(ticketing, clock)


async def tickets(storage: Storage) -> list[tuple[ExecutionId, bytes]]:
    query = text("SELECT dedupe_key, payload FROM pgqueuer WHERE status = 'queued' ORDER BY id")
    return await storage.database.read(lambda connection: [tuple(row) for row in connection.execute(query)])


async def test_a_start_commits_its_ticket(ticketing: Storage, stores: Stores) -> None:
    accepted = await stores.start()
    assert accepted.ticketed
    assert await tickets(ticketing) == [(accepted.id, accepted.id.encode())]


async def test_a_start_that_is_refused_leaves_no_ticket(ticketing: Storage, stores: Stores) -> None:
    first = await stores.new(max_concurrent=1)
    await stores.executions.create(first)
    with pytest.raises(TooManyExecutions):
        await stores.start(principal_id=first.principal_id, max_concurrent=1)
    assert [execution_id for execution_id, _ in await tickets(ticketing)] == [first.id]


async def test_the_same_start_again_makes_no_second_ticket(ticketing: Storage, stores: Stores) -> None:
    new = await stores.new(idempotency_key="key", request_hash=b"same")
    await stores.executions.create(new)
    again = await stores.start(principal_id=new.principal_id, idempotency_key="key", request_hash=b"same")
    assert (again.existing, again.ticketed) == (True, True)
    assert len(await tickets(ticketing)) == 1


async def test_a_queue_that_is_not_there_keeps_nobody_from_starting(ticketing: Storage, stores: Stores) -> None:
    def break_it(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE pgqueuer RENAME TO elsewhere")).close()

    new = await stores.new()
    await ticketing.database.write(break_it)
    accepted = await stores.executions.create(new)
    assert not accepted.ticketed
    assert [orphan.id for orphan in await stores.executions.orphans(10)] == [accepted.id]


async def test_where_tickets_lie_in_memory_the_start_says_that_it_has_none(
    sqlite_storage: Storage, clock: DatabaseClock
) -> None:
    assert not (await sql_stores(sqlite_storage, clock).start()).ticketed

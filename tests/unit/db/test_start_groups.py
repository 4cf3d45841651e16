"""Starts of one principal at one moment on PostgreSQL: they wait for each other without a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest
from sqlalchemy import Connection, select

from app.db import start_groups
from app.db.database import POOL_SIZE, Storage, storage_at
from app.db.errors import AssistantNotFound
from app.db.postgres.driver import Driver
from app.db.tables import users
from app.jobs.ticket_insert import TicketInsert
from lib.streaming.errors import IdempotencyConflict, StorageUnavailable, TooManyExecutions
from lib.streaming.ids import Uuid7Factory
from lib.streaming.ports.execution_store import Accepted, NewExecution
from lib.streaming.sse_events.log_entry import unpack
from lib.streaming.sse_events.vocabulary import ExecutionQueued
from lib.streaming.types import ExecutionId, PrincipalId, VersionId
from tests.support.database_clock import DatabaseClock
from tests.support.postgres_locks import holding, until_somebody_waits
from tests.support.sql_stores import sql_stores
from tests.support.stores import Stores


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture(params=[POOL_SIZE, 2])
def pool_size(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
async def node(url: str, clock: DatabaseClock, pool_size: int) -> AsyncIterator[Storage]:
    """Another node than that of `storage`, on the same database."""
    node = storage_at(url, clock, Uuid7Factory(clock.now_ms), pool_size=pool_size, tickets=TicketInsert())
    yield node
    await node.close()


@pytest.fixture
def here(node: Storage, clock: DatabaseClock) -> Stores:
    return sql_stores(node, clock)


@asynccontextmanager
async def row_held(storage: Storage, principal: PrincipalId) -> AsyncIterator[None]:
    """Another node has the row that a start locks."""
    lock = select(users.c.id).where(users.c.id == principal).with_for_update()
    async with holding(storage, lambda connection: connection.execute(lock).close()):
        yield


@asynccontextmanager
async def meanwhile(
    storage: Storage, here: Stores, news: list[NewExecution]
) -> AsyncIterator[list[asyncio.Task[Accepted]]]:
    """The starts, all asked for while another node has their principal's row; it lets go of it at the end."""
    async with row_held(storage, news[0].principal_id):
        tasks = [asyncio.ensure_future(here.executions.create(new)) for new in news]
        await until_somebody_waits(storage)
        yield tasks
    await asyncio.wait(tasks)


@asynccontextmanager
async def ticket_under_way(storage: Storage, execution_id: ExecutionId) -> AsyncIterator[None]:
    """Another transaction has written this execution's ticket, and until it ends nobody knows whether there is one."""
    tickets = TicketInsert()

    def write(connection: Connection) -> None:
        Driver(connection).fetch(tickets.text, *tickets.values(execution_id))

    async with holding(storage, write):
        yield


async def starts(here: Stores, count: int, max_concurrent: int = 1000) -> list[NewExecution]:
    first = await here.new(max_concurrent=max_concurrent)
    return [first, *(msgspec.structs.replace(first, id=ExecutionId(f"another-{number}")) for number in range(1, count))]


async def test_five_hundred_are_all_accepted_and_take_one_connection(
    storage: Storage, node: Storage, here: Stores
) -> None:
    async with meanwhile(storage, here, await starts(here, 500)) as tasks:
        load = node.database.load()
        assert (load.busy, load.waiting) == (1, 0)
        await here.start()
    accepted = [task.result() for task in tasks]
    assert all(one.ticketed and not one.existing for one in accepted)
    firsts = [await here.entries(one.id) for one in accepted]
    told = [unpack(entry, one.handle.context) for one, (entry,) in zip(accepted, firsts, strict=True) if one.handle]
    assert told == [ExecutionQueued(waiting) for waiting in range(1, 501)]


@pytest.mark.parametrize("pool_size", [2], indirect=True)
class TestTogether:
    async def test_the_limit_holds(self, storage: Storage, here: Stores) -> None:
        async with meanwhile(storage, here, await starts(here, 8, max_concurrent=5)) as tasks:
            pass
        refused = [task for task in tasks if isinstance(task.exception(), TooManyExecutions)]
        assert refused == tasks[5:]

    async def test_a_key_makes_one_execution_and_another_request_with_it_is_a_conflict(
        self, storage: Storage, here: Stores
    ) -> None:
        first, second, third, fourth = await starts(here, 4)
        same = [msgspec.structs.replace(new, idempotency_key="k", request_hash=b"h") for new in (second, third)]
        other = msgspec.structs.replace(fourth, idempotency_key="k", request_hash=b"other")
        async with meanwhile(storage, here, [first, *same, other]) as tasks:
            pass
        assert [(task.result().id, task.result().existing) for task in tasks[1:3]] == [
            (second.id, False),
            (second.id, True),
        ]
        assert isinstance(tasks[3].exception(), IdempotencyConflict)

    async def test_one_that_cannot_be_stored_takes_none_of_the_others_with_it(
        self, storage: Storage, here: Stores
    ) -> None:
        news = await starts(here, 4)
        news[2] = msgspec.structs.replace(news[2], version_id=VersionId("gone"))
        async with meanwhile(storage, here, news) as tasks:
            pass
        assert [type(task.exception()) for task in tasks] == [type(None), type(None), AssistantNotFound, type(None)]
        for new, task in zip(news, tasks, strict=True):
            assert (await here.log.handle(new.id) is None) == (task is tasks[2])

    async def test_one_whose_caller_has_left_is_not_made(self, storage: Storage, here: Stores) -> None:
        news = await starts(here, 3)
        async with meanwhile(storage, here, news) as tasks:
            tasks[1].cancel()
            with suppress(asyncio.CancelledError):
                await tasks[1]
        assert [await here.log.handle(new.id) is None for new in news] == [False, True, False]

    async def test_one_that_waits_for_too_long_is_told_and_not_made(
        self, storage: Storage, here: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(start_groups, "WAIT_SECONDS", 0.05)
        news = await starts(here, 2)
        async with meanwhile(storage, here, news) as tasks:
            with pytest.raises(StorageUnavailable):
                await tasks[1]
        assert [await here.log.handle(new.id) is None for new in news] == [False, True]
        again = await here.executions.create(news[1])
        assert not again.existing

    async def test_one_whose_caller_leaves_after_its_time_takes_none_of_the_others_with_it(
        self, storage: Storage, here: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(start_groups, "WAIT_SECONDS", 1.0)
        news = await starts(here, 3)
        async with ticket_under_way(storage, news[1].id):
            async with row_held(storage, news[0].principal_id):
                tasks = [asyncio.ensure_future(here.executions.create(news[0]))]
                await until_somebody_waits(storage)
                # From here on their time runs.
                tasks += [asyncio.ensure_future(here.executions.create(new)) for new in news[1:]]
            await tasks[0]
            # The first is through; the transaction of the others has begun and waits for the ticket.
            await until_somebody_waits(storage)
            assert await asyncio.wait([tasks[1]], timeout=1.5) == (set(), {tasks[1]})
            tasks[1].cancel()
            with suppress(asyncio.CancelledError):
                await tasks[1]
        assert (await asyncio.wait_for(tasks[2], 10)).id == news[2].id
        assert None not in [await here.log.handle(new.id) for new in news]

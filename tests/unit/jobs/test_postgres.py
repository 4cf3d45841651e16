"""What is particular about the queue of many workers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from pgqueuer.domain.types import QueueManagerId

from app.db.postgres.plain import Connect
from app.jobs import ticket_worker
from app.jobs.postgres import PostgresJobQueue
from app.jobs.ticket_table import TicketTable
from lib.streaming.clock import SystemClock
from lib.streaming.errors import StorageUnavailable
from lib.streaming.ports.job_queue import Handler, Outcome, QueueStats
from lib.streaming.types import ExecutionId

pytestmark = pytest.mark.timeout(30)

LIMIT = 4
LEASE = 1.0

MakeQueue = Callable[..., PostgresJobQueue]


class Work:
    """A handler whose runs last until `finish`; `started` counts them."""

    def __init__(self) -> None:
        self.running: list[ExecutionId] = []
        self.started: list[ExecutionId] = []
        self.most = 0
        self.finish = asyncio.Event()
        self.changed = asyncio.Condition()

    async def __call__(self, execution_id: ExecutionId) -> Outcome:
        self.started.append(execution_id)
        self.running.append(execution_id)
        self.most = max(self.most, len(self.running))
        async with self.changed:
            self.changed.notify_all()
        try:
            await self.finish.wait()
        finally:
            self.running.remove(execution_id)
        return Outcome.DONE

    async def begun(self, count: int) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.started) >= count)


@pytest.fixture
async def make(connect: Connect) -> AsyncIterator[MakeQueue]:
    async with AsyncExitStack() as stack:

        def queue(**options: Any) -> PostgresJobQueue:
            made = PostgresJobQueue(connect, SystemClock(), **{"limit": LIMIT, "lease_seconds": LEASE, **options})
            stack.push_async_callback(made.close)
            return made

        yield queue


@pytest.fixture
def only_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that do nothing by themselves."""
    monkeypatch.setattr(ticket_worker, "LOOK_SECONDS", 3600.0)
    monkeypatch.setattr(ticket_worker, "HEARTBEAT_SECONDS", 3600.0)


def ids(*names: str) -> list[ExecutionId]:
    return [ExecutionId(name) for name in names]


async def opened(queue: PostgresJobQueue, handler: Handler) -> PostgresJobQueue:
    await queue.open(handler)
    return queue


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 -- the database tells nobody
            await asyncio.sleep(0.01)


async def test_the_limit_holds_over_all_workers_and_all_take_part(make: MakeQueue) -> None:
    names = ids(*(str(number) for number in range(30)))
    running = most = 0
    took_part: dict[str, int] = {"one": 0, "other": 0}
    both_began = asyncio.Event()

    def worker(name: str) -> Handler:
        async def work(_: ExecutionId) -> Outcome:
            nonlocal running, most
            running += 1
            most = max(most, running)
            took_part[name] += 1
            if all(took_part.values()):
                both_began.set()
            await both_began.wait()
            await asyncio.sleep(0)
            running -= 1
            return Outcome.DONE

        return work

    await make().submit(*names)
    one = await opened(make(hands=3), worker("one"))
    await opened(make(hands=3), worker("other"))

    async def all_done() -> bool:
        return await one.stats() == QueueStats(queued=0, running=0)

    await until(all_done)
    assert (most, sum(took_part.values())) == (LIMIT, len(names))


async def test_a_ticket_whose_worker_is_not_heard_of_goes_to_another(
    make: MakeQueue, connection: asyncpg.Connection
) -> None:
    lost = TicketTable(connection, QueueManagerId(uuid4()), LIMIT, timedelta(seconds=LEASE))
    await lost.offer(ids("a"))
    assert len(await lost.take(10)) == 1
    work = Work()
    await opened(make(), work)
    await work.begun(1)
    assert work.started == ids("a")


async def test_a_ticket_in_hand_is_kept_however_long_it_takes(make: MakeQueue, connection: asyncpg.Connection) -> None:
    work, other = Work(), Work()
    first = await opened(make(lease_seconds=1.5), work)
    await first.submit(*ids("a"))
    await work.begun(1)
    await opened(make(lease_seconds=1.5), other)
    began = await connection.fetchval("SELECT heartbeat FROM pgqueuer")

    async def kept_twice() -> bool:
        heartbeat = await connection.fetchval("SELECT heartbeat FROM pgqueuer")
        return bool(heartbeat - began > timedelta(seconds=1.6))

    await until(kept_twice)
    assert (work.started, other.started) == (ids("a"), [])


@pytest.mark.usefixtures("only_woken")
async def test_a_lost_connection_costs_no_work_and_wake_ups_come_again(
    make: MakeQueue, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    async def is_back() -> bool:
        return bool(await connection.fetchval(f"SELECT count(*) {others}") == 1)

    work = Work()
    queue = await opened(make(lease_seconds=60), work)
    await queue.submit(*ids("before"))
    await work.begun(1)
    await until_it_waits(queue)
    with caplog.at_level(logging.WARNING):
        await connection.execute(f"SELECT pg_terminate_backend(pid, 5000) {others}")
        await until(is_back)
        await make().submit(*ids("after"))
        await work.begun(2)
    work.finish.set()

    async def all_done() -> bool:
        return await queue.stats() == QueueStats(queued=0, running=0)

    await until(all_done)
    assert work.started == ids("before", "after")


async def until_it_waits(queue: PostgresJobQueue) -> None:
    """Until its worker has found that there is nothing more: what uses its connection takes turns."""
    for _ in range(10):
        await queue.stats()


async def test_closing_gives_back_what_is_in_hand(make: MakeQueue) -> None:
    work, other = Work(), Work()
    queue = await opened(make(), work)
    await queue.submit(*ids("a", "b"))
    await work.begun(2)
    await queue.close()
    assert work.running == []
    await opened(make(lease_seconds=60), other)
    await other.begun(2)


@pytest.mark.usefixtures("only_woken")
async def test_a_ticket_given_back_wakes_the_others_at_once(make: MakeQueue) -> None:
    taken = asyncio.Event()
    rest = Work()

    async def gives_back(_: ExecutionId) -> Outcome:
        await queue.pause()
        taken.set()
        await let_go.wait()
        return Outcome.GIVE_BACK

    let_go = asyncio.Event()
    queue = await opened(make(lease_seconds=60), gives_back)
    await queue.submit(*ids("a"))
    await taken.wait()
    other = await opened(make(lease_seconds=60), rest)
    await other.submit(*ids("b"))
    await rest.begun(1)
    await until_it_waits(other)
    let_go.set()
    await rest.begun(2)


async def test_a_database_that_is_away_refuses_tickets_and_the_worker_waits_for_it(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    away = True

    async def flaky() -> asyncpg.Connection:
        if away:
            raise ConnectionRefusedError("nobody listens")
        return await connect()

    queue, work = PostgresJobQueue(flaky, SystemClock()), Work()
    with caplog.at_level(logging.WARNING):
        await queue.open(work)
        with pytest.raises(StorageUnavailable, match="nobody listens"):
            await queue.submit(*ids("a"))
        away = False
        await queue.submit(*ids("a"))
        await work.begun(1)
    await queue.close()


async def test_old_steps_of_tickets_are_forgotten_by_whoever_works(
    make: MakeQueue, connection: asyncpg.Connection
) -> None:
    work = Work()
    work.finish.set()
    queue = await opened(make(), work)
    await queue.submit(*ids("a", "b"))
    steps = "SELECT count(*) FROM pgqueuer_log"

    async def all_logged() -> bool:
        return bool(await connection.fetchval(steps) == 6)

    await until(all_logged)
    await connection.execute("UPDATE pgqueuer_log SET created = created - interval '2 hours' WHERE status = 'queued'")
    await opened(make(), work)

    async def old_ones_are_gone() -> bool:
        return bool(await connection.fetchval(steps) == 4)

    await until(old_ones_are_gone)

"""Contents go, records stay; later records go too. On each database."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import func, select

from app.db.database import Storage
from app.db.records import ExecutionRecord
from app.db.retention import Due
from app.db.tables import event_timelines, events, executions, prompt_results
from app.retention import BATCH, BATCH_SECONDS, FIRST_BATCH, Ages, Retention, _next_size
from lib.streaming.errors import ContentsRemoved
from lib.streaming.event_log.log import EventLog
from lib.streaming.sse_events.vocabulary import EventCode
from lib.streaming.types import ExecutionId, ExecutionStatus, PrincipalId, Seq
from tests.support.database_clock import DatabaseClock
from tests.support.refusing import refusing
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Owner, Stores

DAY = 24 * 3600.0
DAY_MS = 24 * 3600 * 1000
SECRET = "what nobody should read any more"


@pytest.fixture
def stores(storage: Storage, clock: DatabaseClock) -> Stores:
    return sql_stores(storage, clock)


def retention(storage: Storage, clock: DatabaseClock, **days: int) -> Retention:
    ages = Ages(**{kind: kept * DAY_MS for kind, kept in days.items()})
    return Retention(storage, NoPauses(clock), ages, random.Random(7))


class NoPauses:
    """The test's clock, on which no time passes between two batches."""

    def __init__(self, clock: DatabaseClock) -> None:
        self.now_ms, self.monotonic, self.call_at = clock.now_ms, clock.monotonic, clock.call_at

    async def sleep(self, seconds: float) -> None:
        del seconds


async def live(stores: Stores) -> Owner:
    owner = await stores.own(inputs={"topic": SECRET}, idempotency_key=SECRET, request_hash=b"h")
    await owner.begin("draft")
    await owner.commit(Delta(0, 1, SECRET), Delta(0, 1, "thoughts", reasoning=True))
    return owner


async def finished(stores: Stores, status: ExecutionStatus = ExecutionStatus.COMPLETED) -> Owner:
    owner = await live(stores)
    await owner.finish_prompt("draft", output=SECRET, reasoning="thoughts")
    await owner.end(status)
    return owner


async def record(storage: Storage, execution_id: ExecutionId) -> ExecutionRecord:
    found = await storage.executions.record(execution_id)
    assert found is not None
    return found


async def rows(storage: Storage) -> dict[str, int]:
    tables = (executions, prompt_results, events, event_timelines)
    return await storage.database.read(
        lambda connection: {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        }
    )


@pytest.mark.parametrize("packed", [True, False])
async def test_old_contents_go_and_what_happened_stays(
    storage: Storage, stores: Stores, clock: DatabaseClock, packed: bool
) -> None:
    owner = await finished(stores)
    if packed:
        await storage.execution_store.compact(owner.id)
    before = await record(storage, owner.id)
    await clock.advance(31 * DAY)
    run = retention(storage, clock, contents=30)
    assert await run.due() == Due(contents=1)
    assert await run.run() == Due(contents=1)
    after = await record(storage, owner.id)
    assert after.contents_removed_ms == clock.now_ms()
    assert (after.inputs, after.prompts[0].attempts[0].messages) == ({}, ())
    assert (after.prompts[0].attempts[0].output, after.prompts[0].attempts[0].reasoning) == ("", "")
    kept = ("id", "status", "code", "usage", "created_ms", "started_ms", "finished_ms", "assistant_name", "version")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    attempt, attempt_before = after.prompts[0].attempts[0], before.prompts[0].attempts[0]
    assert (attempt.model, attempt.duration_ms) == (attempt_before.model, attempt_before.duration_ms)
    assert await rows(storage) == {"executions": 1, "prompt_results": 1, "events": 1, "event_timelines": 0}
    # An idempotency key is the caller's text too; and a second pass has nothing left to do.
    assert (await stores.start(idempotency_key=SECRET)).existing is False
    assert await run.due() == Due()
    await storage.execution_store.compact(owner.id)
    assert await storage.execution_store.uncompacted(10) == []


async def test_what_is_young_or_alive_is_never_touched(storage: Storage, stores: Stores, clock: DatabaseClock) -> None:
    running, pending = await live(stores), await stores.start()
    await clock.advance(400 * DAY)
    young = await finished(stores)
    await clock.advance(29 * DAY)
    run = retention(storage, clock, contents=30, records=30, audit=30)
    assert await run.run() == Due()
    for execution_id in (running.id, pending.id, young.id):
        assert (await record(storage, execution_id)).contents_removed_ms is None
    assert (await record(storage, running.id)).inputs == {"topic": SECRET}
    successor = await stores.claim(running.id)
    assert [lost.output for lost in successor.claim.interrupted] == [SECRET]
    await successor.end()


@pytest.mark.parametrize("status", [status for status in ExecutionStatus if status.terminal])
async def test_however_it_ended_its_age_counts_from_the_end(
    storage: Storage, stores: Stores, clock: DatabaseClock, status: ExecutionStatus
) -> None:
    owner = await live(stores)
    await clock.advance(5 * DAY)
    owner = await stores.claim(owner.id)
    await owner.end(status)
    await clock.advance(1 * DAY)
    assert await retention(storage, clock, contents=2).due() == Due()
    await clock.advance(1 * DAY + 1)
    assert await retention(storage, clock, contents=2).run() == Due(contents=1)
    assert (await record(storage, owner.id)).status is status


async def test_old_records_go_whole_and_the_audit_outlives_them(
    storage: Storage, stores: Stores, clock: DatabaseClock
) -> None:
    old = await finished(stores)
    await storage.audit.add(None, "test.old", "x")
    await clock.advance(91 * DAY)
    young = await finished(stores)
    assert await retention(storage, clock, records=90, audit=365).run() == Due(records=1)
    assert await storage.executions.record(old.id) is None
    assert await storage.executions.record(young.id) is not None
    assert (await rows(storage))["executions"] == 1
    await clock.advance(300 * DAY)
    assert await retention(storage, clock, audit=365).run() == Due(audit=1)
    left = [row.action for row in (await storage.audit.list(10)).items]
    assert left == ["retention.ended", "retention.began", "retention.ended", "retention.began"]


async def test_each_run_that_removes_something_is_in_the_audit(
    storage: Storage, stores: Stores, clock: DatabaseClock
) -> None:
    for _ in range(3):
        await finished(stores)
    await clock.advance(31 * DAY)
    run = retention(storage, clock, contents=30)
    await run.run()
    await run.run()
    ended, began = (await storage.audit.list(10)).items
    assert (began.action, began.actor_id, began.details) == (
        "retention.began", None, {"contents": 3, "records": 0, "audit": 0},
    )  # fmt: skip
    assert (ended.action, ended.details) == ("retention.ended", {"contents": 3, "records": 0, "audit": 0})


async def test_many_executions_go_in_batches_and_none_is_left(
    storage: Storage, stores: Stores, clock: DatabaseClock
) -> None:
    principal = await stores.principal()
    for _ in range(FIRST_BATCH + 15):
        owner = await stores.own(principal_id=principal)
        await owner.end()
    await clock.advance(31 * DAY)
    assert await storage.retention.remove_contents(30 * DAY_MS, 10) == 10
    run = retention(storage, clock, contents=30, records=31)
    assert await run.run() == Due(contents=FIRST_BATCH + 5)
    await clock.advance(1)
    assert await run.run() == Due(records=FIRST_BATCH + 15)
    assert (await rows(storage))["executions"] == 0


async def test_a_run_broken_off_leaves_each_execution_whole_or_empty_and_the_next_one_goes_on(
    storage: Storage, stores: Stores, clock: DatabaseClock
) -> None:
    owners = []
    for _ in range(4):
        owners.append(await finished(stores))
        await clock.advance(1)
    await clock.advance(31 * DAY)
    assert await storage.retention.remove_contents(30 * DAY_MS, 1) == 1
    async with refusing(storage, "DELETE", "events"):
        with pytest.raises(Exception, match="not today"):
            await storage.retention.remove_contents(30 * DAY_MS, 2)
    emptied, *whole = [await record(storage, owner.id) for owner in owners]
    assert (emptied.inputs, bool(emptied.contents_removed_ms)) == ({}, True)
    for found in whole:
        assert (found.inputs, found.contents_removed_ms) == ({"topic": SECRET}, None)
        assert found.prompts[0].attempts[0].output == SECRET
    for owner in owners[1:]:
        assert len(await stores.entries(owner.id)) == owner.last
    assert await retention(storage, clock, contents=30).run() == Due(contents=3)


async def test_nothing_of_the_contents_is_left_in_any_table(
    storage: Storage, stores: Stores, clock: DatabaseClock
) -> None:
    owner = await finished(stores)
    await clock.advance(31 * DAY)
    await retention(storage, clock, contents=30).run()
    tables = (executions, prompt_results, events, event_timelines)
    everything = await storage.database.read(
        lambda connection: [tuple(row) for table in tables for row in connection.execute(select(table))]
    )
    assert SECRET not in str(everything)
    assert owner.id in str(everything)


async def test_who_follows_an_emptied_execution_is_told_unless_they_had_it_all(
    storage: Storage, stores: Stores, clock: DatabaseClock
) -> None:
    owner = await finished(stores)
    await clock.advance(31 * DAY)
    log = EventLog(storage.log_store, clock)
    reading = await log.follow(owner.id, 2)
    assert reading is not None
    await retention(storage, clock, contents=30).run()
    # Who was in the middle of it is cut off, rather than shown the end as the next event.
    with pytest.raises(ContentsRemoved):
        await reading.read(1)
    await reading.close()
    for after in (0, 1, owner.last - 1, owner.last + 7):
        with pytest.raises(ContentsRemoved):
            await log.follow(owner.id, after)
    assert await log.follow(owner.id, owner.last) is None
    assert not log._channels
    handle = await stores.handle(owner.id)
    assert (handle.last_seq, handle.terminal, handle.emptied) == (owner.last, True, True)
    (last,) = await storage.log_store.read(handle, Seq(owner.last - 1), 10)
    assert last.code == EventCode.EXECUTION_FINISHED


async def test_two_processes_at_once_do_each_thing_once(storage: Storage, stores: Stores, clock: DatabaseClock) -> None:
    principal: PrincipalId = await stores.principal()
    for _ in range(30):
        await (await stores.own(principal_id=principal)).end()
    await clock.advance(31 * DAY)
    counts = await asyncio.gather(*(storage.retention.remove_contents(30 * DAY_MS, 10) for _ in range(6)))
    assert sum(counts) == 30


@pytest.mark.parametrize(
    ("size", "took", "expected"),
    [
        (20, BATCH_SECONDS * 1.1, 10),
        (1, 1.0, 1),
        (20, BATCH_SECONDS / 2, 20),
        (20, BATCH_SECONDS / 5, 40),
        (BATCH[1], 0.0, BATCH[1]),
    ],
)
def test_batches_fit_the_time_others_can_wait(size: int, took: float, expected: int) -> None:
    assert _next_size(size, took) == expected

"""The writing side of the event log on PostgreSQL: what it tells other nodes, and when it waits for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, insert, literal, select, text

from app.db.database import Storage, open_database
from app.db.postgres.channel import PER_PAYLOAD, Moved, payloads, read_payload
from app.db.postgres.log_writer import RELAXED_SECONDS
from app.db.tables import events, executions
from lib.streaming.errors import StorageUnavailable
from lib.streaming.ids import Uuid7Factory
from lib.streaming.ports.log_store import LogHandle, Write
from lib.streaming.sse_events.log_entry import LogContext, LogEntry
from lib.streaming.sse_events.vocabulary import Event, Warned
from lib.streaming.types import Epoch, ExecutionId, Seq
from tests.support.database_clock import DatabaseClock
from tests.support.postgres_ear import PostgresEar, listening
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Owner, Stores, attempt_started, started


@pytest.fixture
def url(own_postgres_url: str) -> str:
    return own_postgres_url


@pytest.fixture
async def ear(own_postgres_url: str) -> AsyncIterator[PostgresEar]:
    async with listening(own_postgres_url) as ear:
        yield ear


async def unflushed(storage: Storage) -> bool:
    """Whether the server has written anything that does not lie on its disk yet."""
    behind = text("SELECT pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn()")
    return await storage.database.read(lambda connection: bool(connection.scalar(behind)))


class TestTelling:
    async def test_one_notification_names_all_that_moved(self, stores: Stores, ear: PostgresEar) -> None:
        one, other = await stores.own(), await stores.own()
        await stores.log.commit([one.write(Delta(0, 1, "a"), Delta(0, 1, "b")), other.write(Delta(0, 1, "c"))])
        assert await ear.next() == {Moved(one.claim.handle.key, Seq(3)), Moved(other.claim.handle.key, Seq(2))}
        assert ear.count == 1

    async def test_so_does_that_of_a_commit_with_row_changes(self, stores: Stores, ear: PostgresEar) -> None:
        one, other = await stores.own(), await stores.own()
        begin = one.write(started("draft", 1), changes=[attempt_started("draft", 1)])
        await stores.log.commit([begin, other.write(Delta(0, 1, "c"))])
        assert await ear.next() == {Moved(one.claim.handle.key, Seq(2)), Moved(other.claim.handle.key, Seq(2))}
        assert ear.count == 1

    @pytest.mark.parametrize("with_changes", [False, True])
    async def test_who_was_refused_is_not_named(self, stores: Stores, ear: PostgresEar, with_changes: bool) -> None:
        zombie, owner = await stores.own(), await stores.own()
        await stores.take_over(zombie.id)
        changes = [attempt_started("draft", 1)] if with_changes else []
        late = zombie.write(Delta(0, 1, "late"))
        assert await stores.log.commit([late, owner.write(Delta(0, 1, "x"), changes=changes)]) == {zombie.id}
        assert await ear.next() == {Moved(owner.claim.handle.key, Seq(2))}

    async def test_a_commit_that_fails_tells_nobody(self, stores: Stores, ear: PostgresEar) -> None:
        owner = await stores.own()
        broken = Write(owner.claim.handle, owner.claim.epoch, (LogEntry(Seq(9), 5, 0, b"\x00\x01x"),), ())
        with pytest.raises(Exception, match="follows"):
            await stores.log.commit([broken])
        await owner.commit(Delta(0, 1, "x"))
        assert await ear.next() == {Moved(owner.claim.handle.key, Seq(2))}
        assert ear.count == 1

    async def test_more_than_fit_into_one_are_told_in_several(
        self, storage: Storage, stores: Stores, ear: PostgresEar
    ) -> None:
        owner = await stores.own()
        handles = await storage.database.write(lambda connection: clones(connection, owner, 2 * PER_PAYLOAD + 1))
        entry = LogEntry(Seq(2), 5, 0, b"\x00\x01x")
        assert not await stores.log.commit([Write(handle, Epoch(1), (entry,), ()) for handle in handles])
        named = set()
        for _ in range(3):
            named |= await ear.next()
        assert named == {Moved(handle.key, Seq(2)) for handle in handles}
        assert ear.count == 3

    def test_the_longest_payload_fits(self) -> None:
        longest = payloads([Moved(2**63 - 1, Seq(2**31 - 1))] * (PER_PAYLOAD + 1))
        assert [len(payload) < 7900 for payload in longest] == [True, True]
        assert list(read_payload(longest[1])) == [Moved(2**63 - 1, Seq(2**31 - 1))]

    @pytest.mark.parametrize("payload", ["", "x", "1:", "1:2 ", "1:2:3"])
    def test_a_payload_that_no_node_sent_is_refused(self, payload: str) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            list(read_payload(payload))


def clones(connection: Connection, owner: Owner, count: int) -> list[LogHandle]:
    """Executions in the same state as an owner's, each with its first event."""
    plain = [column for column in executions.c if column.name not in ("key", "id")]
    numbers = text(f"generate_series(1, {count}) AS number")
    source = select(text("'clone-' || number"), *plain).select_from(executions, numbers)
    rows = connection.execute(
        insert(executions)
        .from_select(["id", *(column.name for column in plain)], source.where(executions.c.id == owner.id))
        .returning(executions.c.key, executions.c.id)
    ).all()
    first = select(executions.c.key, literal(1), literal(1), literal(0), literal(b""))
    connection.execute(
        insert(events).from_select(list(events.c.keys()), first.where(executions.c.id.startswith("clone-")))
    )
    context = owner.claim.handle.context
    return [
        LogHandle(row.key, LogContext(ExecutionId(row.id), context.prompt_ids), Seq(1), terminal=False) for row in rows
    ]


class TestDurability:
    async def test_text_does_not_wait_for_the_disk_and_the_end_does(self, storage: Storage, stores: Stores) -> None:
        owner = await stores.own()
        await owner.commit(Delta(0, 1, "the first one waits"))
        assert not await unflushed(storage)
        await owner.commit(Delta(0, 1, "x"), Delta(0, 1, "y", reasoning=True))
        assert await unflushed(storage)
        await owner.end()
        assert not await unflushed(storage)

    @pytest.mark.parametrize("what", ["an event", "a row"])
    async def test_whatever_is_more_than_text_waits(self, storage: Storage, stores: Stores, what: str) -> None:
        owner = await stores.own()
        await owner.commit(Delta(0, 1, "x"))
        await owner.commit(Delta(0, 1, "x"))
        assert await unflushed(storage)
        event: Event | Delta = Warned("w", "") if what == "an event" else Delta(0, 1, "x")
        await owner.commit(event, changes=[attempt_started("draft", 1)] if what == "a row" else [])
        assert not await unflushed(storage)

    async def test_once_a_second_text_waits_too(self, storage: Storage, stores: Stores) -> None:
        owner = await stores.own()
        await owner.commit(Delta(0, 1, "x"))
        await stores.clock.advance(RELAXED_SECONDS - 0.1)
        await owner.commit(Delta(0, 1, "x"))
        assert await unflushed(storage)
        await stores.clock.advance(0.1)
        await owner.commit(Delta(0, 1, "x"))
        assert not await unflushed(storage)

    async def test_an_operator_may_have_everything_wait(self, own_postgres_url: str, clock: DatabaseClock) -> None:
        await clock.rule(own_postgres_url)
        strict = await open_database(own_postgres_url, clock, Uuid7Factory(clock.now_ms), relaxed_deltas=False)
        owner = await sql_stores(strict, clock).own()
        for _ in range(3):
            await owner.commit(Delta(0, 1, "x"))
            assert not await unflushed(strict)
        await strict.close()


async def test_what_the_database_refuses_is_no_outage(stores: Stores) -> None:
    owner = await stores.own()
    column = Write(owner.claim.handle, owner.claim.epoch, (LogEntry(Seq(2), 1 << 20, 0, b""),), ())
    with pytest.raises(Exception, match="int16") as raised:
        await stores.log.commit([column])
    assert not isinstance(raised.value, StorageUnavailable)
    assert not await owner.commit(Delta(0, 1, "x"))


async def test_a_cancelled_caller_does_not_undo_its_commit(stores: Stores) -> None:
    owner = await stores.own()
    committing = asyncio.ensure_future(owner.commit(Delta(0, 1, "kept")))
    await asyncio.sleep(0)
    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    assert not await owner.commit(Delta(0, 1, "next"))
    assert await stores.texts(owner.id) == [b"kept", b"next"]


async def test_many_who_commit_at_once_take_turns(stores: Stores) -> None:
    owners = [await stores.own() for _ in range(10)]
    await asyncio.gather(*(owner.commit(Delta(0, 1, "x")) for owner in owners for _ in range(3)))
    for owner in owners:
        assert await stores.texts(owner.id) == [b"x"] * 3


async def test_a_closed_log_says_so(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    await storage.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await owner.commit(Delta(0, 1, "x"))

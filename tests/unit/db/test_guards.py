"""What the database itself refuses, whoever asks."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from app.db.database import Storage
from app.db.fence import NumberingBroken
from lib.streaming.ports.log_store import Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionStatus, PromptStatus, Seq
from tests.support.fake_clock import FakeClock
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Owner


async def sql(storage: Storage, statement: str) -> int:
    return await storage.database.write(lambda connection: connection.exec_driver_sql(statement).rowcount)


async def ended(storage: Storage, clock: FakeClock) -> Owner:
    owner = await sql_stores(storage, clock).own()
    await owner.begin()
    await owner.commit(Delta(0, 1, "text"))
    await owner.finish_prompt(output="text")
    await owner.end()
    return owner


@pytest.mark.parametrize("column", ["status", "epoch", "owner", "code", "finished_ms", "inputs", "cancel_requested"])
async def test_an_ended_execution_never_changes(storage: Storage, clock: FakeClock, column: str) -> None:
    await ended(storage, clock)
    with pytest.raises(IntegrityError, match="a terminal execution never changes"):
        await sql(storage, f"UPDATE executions SET {column} = {column}")


async def test_a_live_execution_does(storage: Storage, clock: FakeClock) -> None:
    await sql_stores(storage, clock).own()
    assert await sql(storage, "UPDATE executions SET code = 'x'") == 1


async def test_an_ended_attempt_never_changes(storage: Storage, clock: FakeClock) -> None:
    await ended(storage, clock)
    with pytest.raises(IntegrityError, match="an ended attempt never changes"):
        await sql(storage, "UPDATE prompt_results SET output = x'00'")


@pytest.mark.parametrize("table", ["events", "assistant_versions"])
async def test_events_and_versions_never_change(storage: Storage, clock: FakeClock, table: str) -> None:
    await ended(storage, clock)
    column = {"events": "data", "assistant_versions": "definition"}[table]
    with pytest.raises(IntegrityError, match="never changes"):
        await sql(storage, f"UPDATE {table} SET {column} = x'00'")


async def test_a_user_with_executions_cannot_vanish(storage: Storage, clock: FakeClock) -> None:
    await ended(storage, clock)
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        await sql(storage, "DELETE FROM users")


@pytest.mark.parametrize("first", [2, 4])
async def test_a_gap_or_a_repetition_in_the_numbers_is_refused_with_all_of_its_commit(
    storage: Storage, clock: FakeClock, first: int
) -> None:
    stores = sql_stores(storage, clock)
    owner, other = await stores.own(), await stores.own()
    await owner.commit(Delta(0, 1, "two"))
    entry = LogEntry(Seq(first), 5, 0, b"\x00\x01x")
    broken = Write(owner.claim.handle, owner.claim.epoch, (entry,), ())
    with pytest.raises(NumberingBroken):
        await storage.log_store.commit([other.write(Delta(0, 1, "fine")), broken])
    assert len(await stores.entries(other.id)) == 1
    assert len(await stores.entries(owner.id)) == 2


async def test_deleting_an_execution_takes_all_that_is_its_own(storage: Storage, clock: FakeClock) -> None:
    owner = await ended(storage, clock)
    await storage.execution_store.compact(owner.id)
    assert await storage.executions.delete(owner.id)
    for table in ("events", "event_timelines", "prompt_results", "executions"):
        assert await sql(storage, f"DELETE FROM {table}") == 0
    assert (await sql_stores(storage, clock).own()).claim.handle.key > owner.claim.handle.key


async def test_a_terminal_write_is_all_or_nothing(storage: Storage, clock: FakeClock) -> None:
    owner = await sql_stores(storage, clock).own()
    await owner.begin()
    await sql(storage, "CREATE TRIGGER t BEFORE UPDATE ON executions BEGIN SELECT RAISE(ABORT, 'not today'); END")
    with pytest.raises(IntegrityError, match="not today"):
        await owner.end()
    record = await storage.executions.record(owner.id)
    assert record is not None
    assert (record.status, record.prompts[0].attempts[0].status) == (ExecutionStatus.RUNNING, PromptStatus.RUNNING)
    handle = await storage.log_store.handle(owner.id)
    assert handle is not None
    assert handle.last_seq == 2

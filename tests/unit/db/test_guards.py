"""What the database itself refuses, whoever asks."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Executable, Table, delete, insert, update
from sqlalchemy.exc import IntegrityError

from app.db.database import Storage
from app.db.fence import NumberingBroken
from app.db.tables import (
    assistant_versions,
    event_timelines,
    events,
    executions,
    prompt_results,
    users,
)
from lib.streaming.ports.log_store import Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionStatus, PromptStatus, Seq
from tests.support.fake_clock import FakeClock
from tests.support.refusing import refusing
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Owner

#: What people and models wrote: it may be emptied when it has been kept long enough.
CONTENTS: dict[str, dict[str, object]] = {
    "executions": {"inputs": {}, "message": None},
    "prompt_results": {"messages": (), "output": "", "reasoning": "", "message": None},
}
#: What may change in an ended execution besides: how and until when it is stored, and the key that would start it once more.
LOOSE = {"key", "compacted", "idempotency_key", "request_hash", "contents_removed_ms"}


async def sql(storage: Storage, statement: Executable) -> int:
    return await storage.database.write(lambda connection: connection.execute(statement).rowcount)


async def ended(storage: Storage, clock: FakeClock) -> Owner:
    owner = await sql_stores(storage, clock).own()
    await owner.begin()
    await owner.commit(Delta(0, 1, "text"))
    await owner.finish_prompt(output="text")
    await owner.end()
    return owner


def settled(table: Table) -> list[str]:
    """The columns that say what happened."""
    return [name for name in table.c.keys() if name not in CONTENTS[table.name].keys() | LOOSE]  # noqa: SIM118


async def test_an_ended_execution_never_changes(storage: Storage, clock: FakeClock) -> None:
    await ended(storage, clock)
    for column in settled(executions):
        with pytest.raises(IntegrityError, match="a terminal execution never changes"):
            await sql(storage, update(executions).values({column: executions.c[column]}))


async def test_a_live_execution_does(storage: Storage, clock: FakeClock) -> None:
    await sql_stores(storage, clock).own()
    assert await sql(storage, update(executions).values(code="x")) == 1


async def test_an_ended_attempt_never_changes(storage: Storage, clock: FakeClock) -> None:
    await ended(storage, clock)
    for column in settled(prompt_results):
        with pytest.raises(IntegrityError, match="an ended attempt never changes"):
            await sql(storage, update(prompt_results).values({column: prompt_results.c[column]}))


@pytest.mark.parametrize("table", [executions, prompt_results], ids=lambda table: table.name)
async def test_what_was_written_in_it_can_be_emptied(storage: Storage, clock: FakeClock, table: Table) -> None:
    await ended(storage, clock)
    assert await sql(storage, update(table).values(CONTENTS[table.name])) == 1


@pytest.mark.parametrize(
    ("table", "values"), [(events, {"data": b""}), (assistant_versions, {"definition": b""})], ids=["event", "version"]
)
async def test_events_and_versions_never_change(
    storage: Storage, clock: FakeClock, table: Table, values: dict[str, Any]
) -> None:
    await ended(storage, clock)
    with pytest.raises(IntegrityError, match="never changes"):
        await sql(storage, update(table).values(values))


@pytest.mark.parametrize("packed", [False, True])
async def test_nothing_follows_the_last_event(storage: Storage, clock: FakeClock, packed: bool) -> None:
    owner = await ended(storage, clock)
    if packed:
        await storage.execution_store.compact(owner.id)
    late = {"execution_key": owner.claim.handle.key, "seq": owner.last + 1, "code": 5, "at_ms": 1, "data": b"\x00\x01x"}
    with pytest.raises(IntegrityError, match="a terminal execution takes no more events"):
        await sql(storage, insert(events).values(late))


async def test_a_user_with_executions_cannot_vanish(storage: Storage, clock: FakeClock) -> None:
    await ended(storage, clock)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        await sql(storage, delete(users))


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


@pytest.mark.parametrize("packed", [False, True])
async def test_deleting_an_execution_takes_all_that_is_its_own(
    storage: Storage, clock: FakeClock, packed: bool
) -> None:
    owner = await ended(storage, clock)
    if packed:
        await storage.execution_store.compact(owner.id)
    assert await storage.executions.delete(owner.id)
    for table in (events, event_timelines, prompt_results, executions):
        assert await sql(storage, delete(table)) == 0
    assert (await sql_stores(storage, clock).own()).claim.handle.key > owner.claim.handle.key


async def test_a_terminal_write_is_all_or_nothing(storage: Storage, clock: FakeClock) -> None:
    owner = await sql_stores(storage, clock).own()
    await owner.begin()
    async with refusing(storage, "UPDATE", "executions"):
        with pytest.raises(IntegrityError, match="not today"):
            await owner.end()
    record = await storage.executions.record(owner.id)
    assert record is not None
    assert (record.status, record.prompts[0].attempts[0].status) == (ExecutionStatus.RUNNING, PromptStatus.RUNNING)
    handle = await storage.log_store.handle(owner.id)
    assert handle is not None
    assert handle.last_seq == 2

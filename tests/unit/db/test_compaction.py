from __future__ import annotations

import asyncio
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.db import compaction
from app.db.database import Storage
from app.db.tables import event_timelines
from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.ports.log_store import Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.sse_events.vocabulary import Event, Warned
from lib.streaming.types import ExecutionStatus, PromptId, PromptStatus, Seq
from tests.support.database import open_storage_at
from tests.support.database_clock import DatabaseClock
from tests.support.fake_clock import FakeClock
from tests.support.refusing import refusing
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Owner, Stores, attempt_ended, attempt_started, started

PROMPTS = Definition(
    "Three", prompts=tuple(PromptDefinition(PromptId(name), name, "x", "scripted/echo") for name in "abc")
)

deltas = st.builds(
    lambda prompt, attempt, text, reasoning: Delta(prompt, attempt, text, reasoning=reasoning),
    st.integers(0, 2),
    st.sampled_from([1, 2, 3, 127, 128, 300]),
    st.text(max_size=12),
    st.booleans(),
)
others = st.builds(Warned, st.text(max_size=5), st.text(max_size=5))
logs = st.lists(st.one_of(deltas, others), max_size=60)


async def store_log(stores: Stores, log: list[Delta | Event]) -> Owner:
    """A finished execution with this log; some attempts have results that hold their very text, others do not."""
    owner = await stores.own(PROMPTS)
    texts: dict[tuple[str, int], bytes] = {}
    for item in log:
        if isinstance(item, Delta) and item.code == 5:
            number = ("abc"[item.data[0]], item.data[1])
            if item.data[1] < 128:
                texts[number] = texts.get(number, b"") + item.data[2:]
    changes = [attempt_started(prompt, attempt) for prompt, attempt in texts]
    await owner.commit(started("a", 1), *log, changes=changes)
    for index, ((prompt, attempt), text) in enumerate(texts.items()):
        output = text.decode() if index % 2 else "something else"
        await owner.commit(Warned("", ""), changes=[attempt_ended(prompt, attempt, PromptStatus.FAILED, output=output)])
    await owner.end(ExecutionStatus.FAILED)
    return owner


def test_a_packed_log_reads_byte_for_byte_as_before(url: str, clock: DatabaseClock) -> None:
    async def scenario(log: list[Delta | Event], cuts: list[tuple[int, int]]) -> None:
        owner = await store_log(stores, log)
        before = await stores.entries(owner.id)
        await storage.execution_store.compact(owner.id)
        assert await stores.entries(owner.id) == before
        for after, limit in cuts:
            page = await storage.log_store.read(owner.claim.handle, Seq(after), limit)
            assert list(page) == [entry for entry in before if entry.seq > after][:limit]

    @settings(max_examples=40, deadline=None)
    @given(log=logs, cuts=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 20)), max_size=5))
    def holds(log: list[Delta | Event], cuts: list[tuple[int, int]]) -> None:
        runner.run(scenario(log, cuts))

    with asyncio.Runner() as runner:
        storage = runner.run(open_storage_at(url, clock))
        stores = sql_stores(storage, clock)
        holds()
        runner.run(storage.close())


async def count(storage: Storage, table: str) -> int:
    return await storage.database.read(
        lambda connection: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
    )


@pytest.fixture
def stores(storage: Storage, clock: FakeClock) -> Stores:
    return sql_stores(storage, clock)


async def test_deltas_become_one_row_for_each_attempt_and_kind(storage: Storage, stores: Stores) -> None:
    owner = await store_log(stores, [Delta(n % 3, 1, "x", reasoning=n % 2 == 1) for n in range(60)])
    await storage.execution_store.compact(owner.id)
    assert await count(storage, "event_timelines") == 6
    assert await count(storage, "events WHERE code IN (5, 6)") == 0


async def test_a_text_that_the_result_holds_is_not_stored_again(storage: Storage, stores: Stores) -> None:
    owner = await store_log(stores, [Delta(0, 1, "differs"), Delta(1, 1, "the same")])
    await storage.execution_store.compact(owner.id)
    texts = await storage.database.read(lambda connection: list(connection.scalars(select(event_timelines.c.text))))
    assert sorted(texts, key=bool) == [None, b"differs"]


async def test_packing_that_fails_halfway_leaves_everything_as_it_was(storage: Storage, stores: Stores) -> None:
    owner = await store_log(stores, [Delta(0, 1, "x"), Delta(1, 1, "y")])
    before = await stores.entries(owner.id)
    async with refusing(storage, "INSERT", "event_timelines"):
        with pytest.raises(IntegrityError, match="not today"):
            await storage.execution_store.compact(owner.id)
        assert await stores.entries(owner.id) == before
        assert list(await storage.execution_store.uncompacted(10)) == [owner.id]
    await storage.execution_store.compact(owner.id)
    assert await stores.entries(owner.id) == before


async def test_two_who_pack_the_same_execution_do_not_disturb_each_other(storage: Storage, stores: Stores) -> None:
    owner = await store_log(stores, [Delta(0, 1, "x"), Delta(1, 1, "y")])
    before = await stores.entries(owner.id)
    await asyncio.gather(*(storage.execution_store.compact(owner.id) for _ in range(5)))
    assert await stores.entries(owner.id) == before


async def test_what_is_to_be_packed_is_listed_oldest_first(storage: Storage, stores: Stores) -> None:
    first, live, second = [await stores.own() for _ in range(3)]
    await stores.start()
    await second.end()
    await first.end()
    assert list(await storage.execution_store.uncompacted(10)) == [first.id, second.id]
    assert list(await storage.execution_store.uncompacted(1)) == [first.id]
    assert live.id not in await storage.execution_store.uncompacted(10)


def test_interleaved_deltas_are_sorted_apart() -> None:
    data = [(5, b"\x00\x01a"), (5, b"\x01\x01b"), (6, b"\x00\x01c"), (5, b"\x00\x01d"), (5, b"\x80\x01\x01e")]
    entries = [LogEntry(Seq(number), code, number, narrow) for number, (code, narrow) in enumerate(data, 1)]
    strands = compaction.unravel(entries)
    assert [(strand.code, strand.prefix, strand.text) for strand in strands] == [
        (5, b"\x00\x01", b"ad"),
        (5, b"\x01\x01", b"b"),
        (6, b"\x00\x01", b"c"),
        (5, b"\x80\x01\x01", b"e"),
    ]


async def test_the_log_is_small_live_and_smaller_when_packed(sqlite_storage: Storage, clock: FakeClock) -> None:
    """KiB a thousand tokens, everything that belongs to the execution included."""
    storage, stores = sqlite_storage, sql_stores(sqlite_storage, clock)
    executions, tokens = 10, 1000
    rng = random.Random(1)
    empty = await size(storage)
    owners = [await stores.own(PROMPTS) for _ in range(executions)]
    for owner in owners:
        await owner.begin("a")
    texts = [["".join(rng.choices("etaoin shrdlu", k=rng.randint(1, 8))) for _ in range(tokens)] for _ in owners]
    for at in range(0, tokens, 50):
        writes = [
            paced(owner.write(*(Delta(0, 1, token) for token in text[at : at + 50])), rng)
            for owner, text in zip(owners, texts, strict=True)
        ]
        await storage.log_store.commit(writes)
    live = await size(storage) - empty
    for owner, text in zip(owners, texts, strict=True):
        await owner.finish_prompt("a", output="".join(text))
        await owner.end()
        await storage.execution_store.compact(owner.id)
    packed = await size(storage) - empty
    assert live / executions * 1000 / tokens < 45 * 1024
    assert packed / executions * 1000 / tokens < 12 * 1024


def paced(write: Write, rng: random.Random) -> Write:
    """The same events about 20 ms apart, as a provider would send them."""
    at_ms, entries = write.entries[0].at_ms, []
    for entry in write.entries:
        at_ms += max(0, round(rng.gauss(20, 8)))
        entries.append(entry._replace(at_ms=at_ms))
    return msgspec.structs.replace(write, entries=tuple(entries))


async def size(storage: Storage) -> int:
    """Bytes in use."""
    return await storage.database.write(
        lambda connection: connection.exec_driver_sql(
            "SELECT (page_count - freelist_count) * page_size"
            " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
        ).scalar_one()
    )

"""Hot queries use their indexes on PostgreSQL, and hot paths keep their number of statements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from sqlalchemy import delete

from app.db import paging
from app.db.database import Storage
from app.db.oversight import Order, OversightFilter
from app.db.records import ExecutionFilter
from app.db.tables import executions
from lib.streaming.ports.execution_store import Rerun
from lib.streaming.types import AssistantId, ExecutionId, PrincipalId, PromptId, Seq
from tests.support.database import open_storage_at
from tests.support.database_clock import DatabaseClock
from tests.support.postgres import PostgresDatabases, run
from tests.support.postgres_crowd import BUSY, EXECUTIONS, crowd
from tests.support.postgres_plans import PostgresRecorder
from tests.support.sql_stores import sql_stores
from tests.support.stores import LEASE, WORKER, Delta, Stores, attempt_started, started
from tests.support.whole_life import live


@pytest.fixture(scope="module")
def crowded_url(postgres: PostgresDatabases) -> Iterator[str]:
    with postgres.migrated() as url:
        run(url, crowd)
        yield url


@pytest.fixture
async def storage(crowded_url: str, clock: DatabaseClock) -> AsyncIterator[Storage]:
    """Everybody's, so what a test adds to it is taken away again."""
    storage = await open_storage_at(crowded_url, clock)
    yield storage
    added = delete(executions).where(executions.c.id.not_like("execution-%"))
    await storage.database.write(lambda connection: connection.execute(added).close())
    await storage.close()


@pytest.fixture
def stores(storage: Storage, clock: DatabaseClock) -> Stores:
    return sql_stores(storage, clock)


@pytest.fixture
def recorder(storage: Storage) -> PostgresRecorder:
    return PostgresRecorder(storage)


@pytest.mark.parametrize("generic", [False, True])
async def test_no_step_of_an_executions_life_reads_a_table_whole(
    storage: Storage, stores: Stores, generic: bool
) -> None:
    recorder = PostgresRecorder(storage, nested=True, generic=generic)
    new = await stores.new(idempotency_key="k", request_hash=b"h")
    again = await stores.new(rerun=Rerun(new.id, (PromptId("draft"),)))
    recorder.forget()
    await live(storage, stores, new, again)
    assert len(recorder.statements) > 60
    assert recorder.read_whole == []


@pytest.mark.parametrize("generic", [False, True])
async def test_authentication_is_a_look_up(storage: Storage, generic: bool) -> None:
    recorder = PostgresRecorder(storage, generic=generic)
    await storage.api_keys.find("key-7")
    await storage.sessions.find(b"t")
    await storage.users.by_email("7@example.org")
    await storage.assistants.get("nowhere")
    assert len(recorder.statements) == 4
    assert recorder.read_whole == []


async def test_reading_on_seeks_by_execution_and_number(recorder: PostgresRecorder, stores: Stores) -> None:
    owner = await stores.own()
    recorder.forget()
    await stores.log.read(owner.claim.handle, Seq(0), 10)
    (scan,) = recorder.scans
    assert scan["Index Name"] == "pk_events"
    assert "(execution_key = " in scan["Index Cond"]
    assert "(seq > " in scan["Index Cond"]


async def test_a_commit_finds_its_rows_and_their_newest_numbers_by_key(
    recorder: PostgresRecorder, stores: Stores
) -> None:
    owners = [await stores.own() for _ in range(3)]
    recorder.forget()
    await stores.log.commit([owner.write(Delta(0, 1, "x")) for owner in owners])
    tables = [scan for scan in recorder.scans if scan["Node Type"] != "Function Scan"]
    assert {scan["Index Name"] for scan in tables if "Index Name" in scan} == {"pk_executions", "pk_events"}
    assert recorder.read_whole == []


async def test_a_limit_counts_live_executions_without_reading_the_finished_ones(
    recorder: PostgresRecorder, stores: Stores
) -> None:
    new = await stores.new(idempotency_key="key", request_hash=b"h")
    recorder.forget()
    await stores.executions.create(new)
    used = {scan["Index Name"] for scan in recorder.nodes if "Index Name" in scan}
    assert {
        "ix_executions_live_principal_id",
        "ix_executions_live",
        "uq_executions_principal_id_idempotency_key",
    } <= used


async def test_orphans_are_looked_for_among_the_live_ones(recorder: PostgresRecorder, stores: Stores) -> None:
    await stores.executions.orphans(10)
    assert [scan["Index Name"] for scan in recorder.scans] == ["ix_executions_live"]


USER, ASSISTANT = PrincipalId(f"user-{BUSY}"), AssistantId(f"assistant-{BUSY}")


@pytest.mark.parametrize("generic", [False, True])
async def test_any_page_of_the_dearest_executions_is_a_range_of_their_index(storage: Storage, generic: bool) -> None:
    recorder = PostgresRecorder(storage, generic=generic)
    for cursor in (None, paging.encode(1, "execution-x")):
        recorder.forget()
        await storage.oversight.list(OversightFilter(), Order.COST, 10, cursor)
        scan = next(node for node in recorder.nodes if node.get("Relation Name") == "executions")
        assert (scan["Index Name"], scan["Scan Direction"]) == ("ix_executions_cost", "Backward")
        assert ("ROW(cost_nano, id) < ROW(" in scan.get("Index Cond", "")) == (cursor is not None)


@pytest.mark.parametrize("generic", [False, True])
@pytest.mark.parametrize(
    ("index", "principal", "where"),
    [
        ("ix_executions_principal_id_created_ms_id", USER, ExecutionFilter()),
        ("ix_executions_principal_id_created_ms_id", USER, ExecutionFilter(from_ms=1, to_ms=EXECUTIONS)),
        ("ix_executions_created_ms_id", None, ExecutionFilter()),
        ("ix_executions_assistant_id_created_ms_id", None, ExecutionFilter(assistant_id=ASSISTANT)),
    ],
)
async def test_any_page_of_executions_is_a_range_of_an_index(
    storage: Storage, index: str, principal: PrincipalId | None, where: ExecutionFilter, generic: bool
) -> None:
    recorder = PostgresRecorder(storage, generic=generic)
    for cursor in (None, paging.encode(EXECUTIONS // 2, "execution-x")):
        recorder.forget()
        page = await storage.executions.list(principal, 10, cursor, where)
        scan = next(node for node in recorder.nodes if node.get("Relation Name") == "executions")
        assert (scan["Index Name"], scan["Scan Direction"]) == (index, "Backward")
        assert "Sort" not in {node["Node Type"] for node in recorder.nodes}
        assert ("ROW(created_ms, id) < ROW(" in scan.get("Index Cond", "")) == (cursor is not None)
        assert len(page.items) == 10


class TestCounts:
    """Of the statements that somebody waits for, without BEGIN and COMMIT."""

    async def test_a_start(self, recorder: PostgresRecorder, stores: Stores) -> None:
        new = await stores.new(idempotency_key="key", request_hash=b"h")
        recorder.forget()
        await stores.executions.create(new)
        # Its principal, the state, the key; the row; the version once a process; the event; the transaction's name.
        assert recorder.heads == ["SELECT", "SELECT", "SELECT", "INSERT", "SELECT", "INSERT", "SELECT"]

    async def test_starts_that_come_while_their_principal_has_one_under_way(
        self, recorder: PostgresRecorder, stores: Stores
    ) -> None:
        first = await stores.new()
        await stores.executions.create(first)
        news = [msgspec.structs.replace(first, id=ExecutionId(f"another-{number}")) for number in range(11)]
        recorder.forget()
        await asyncio.gather(*(stores.executions.create(new) for new in news))
        # The first by itself. Of the ten others only the row is written for each, and the event in one go.
        alone = ["SELECT", "SELECT", "INSERT", "INSERT", "SELECT"]
        together = ["SELECT", "SELECT", *["INSERT"] * 10, *["INSERT"] * 10, "SELECT"]
        assert recorder.heads == alone + together

    async def test_a_first_claim(self, recorder: PostgresRecorder, stores: Stores) -> None:
        accepted = await stores.start()
        recorder.forget()
        await stores.claim(accepted.id)
        assert recorder.heads == ["SELECT", "UPDATE", "SELECT"]

    async def test_a_commit_of_text_however_many_executions(self, recorder: PostgresRecorder, stores: Stores) -> None:
        owners = [await stores.own() for _ in range(10)]
        await owners[0].commit(Delta(0, 1, "connects"))
        recorder.forget()
        await stores.log.commit([owner.write(Delta(0, 1, "x")) for owner in owners])
        assert recorder.heads == ["WITH"]

    async def test_a_commit_that_starts_an_attempt(self, recorder: PostgresRecorder, stores: Stores) -> None:
        owners = [await stores.own() for _ in range(10)]
        await owners[0].commit(Delta(0, 1, "connects"))
        recorder.forget()
        begin = owners[0].write(started("draft", 1), changes=[attempt_started("draft", 1)])
        await stores.log.commit([begin, *(owner.write(Delta(0, 1, "x")) for owner in owners[1:])])
        assert recorder.heads == ["SELECT", "WITH", "INSERT"]

    async def test_a_renewal_however_many_are_held(self, recorder: PostgresRecorder, stores: Stores) -> None:
        owners = [await stores.own() for _ in range(20)]
        recorder.forget()
        await stores.executions.renew(WORKER, {owner.id: owner.claim.epoch for owner in owners}, LEASE)
        assert recorder.heads == ["UPDATE", "SELECT"]

    async def test_following(self, recorder: PostgresRecorder, stores: Stores) -> None:
        owner = await stores.own()
        recorder.forget()
        await stores.log.handle(owner.id)
        await stores.log.read(owner.claim.handle, Seq(0), 100)
        assert recorder.heads == ["SELECT", "SELECT"]

    async def test_a_list(self, recorder: PostgresRecorder, storage: Storage) -> None:
        await storage.executions.list(USER, 100, None, ExecutionFilter())
        assert recorder.heads == ["SELECT"]

    async def test_a_record(self, recorder: PostgresRecorder, storage: Storage, stores: Stores) -> None:
        owner = await stores.own()
        for prompt in ("draft", "polish"):
            await owner.begin(prompt)
        recorder.forget()
        await storage.executions.record(owner.id)
        assert recorder.heads == ["SELECT", "SELECT", "SELECT"]

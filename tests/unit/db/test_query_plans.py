"""Hot queries keep their indexes, and hot paths their number of statements."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from app.db import paging
from app.db.database import Storage
from app.db.oversight import Order, OversightFilter, OversightRepository
from app.db.records import AssistantStatus, AuditFilter, ExecutionFilter
from app.db.sqlite import SqliteDatabase
from app.db.url import sqlite_path
from lib.streaming.ids import Uuid7Factory
from lib.streaming.ports.execution_store import Rerun
from lib.streaming.types import ExecutionId, ExecutionStatus, PrincipalId, PromptId, Seq
from tests.support.database import fresh_database
from tests.support.fake_clock import FakeClock
from tests.support.sql_stores import sql_stores
from tests.support.statements import Recorder
from tests.support.stores import LEASE, WORKER, Delta, Stores, attempt_started, started
from tests.support.whole_life import live

#: Partial indexes over what is live or not yet packed: small whatever the history, so reading them whole is fine.
SMALL = ("ix_executions_live", "ix_executions_uncompacted")


@pytest.fixture
async def storage(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Storage]:
    database = SqliteDatabase(sqlite_path(fresh_database(tmp_path)), clock.now_ms, readers=1)
    storage = Storage(database, Uuid7Factory(clock.now_ms))
    yield storage
    await storage.close()


@pytest.fixture
def stores(storage: Storage, clock: FakeClock) -> Stores:
    return sql_stores(storage, clock)


def reads_a_table_whole(plan: str) -> bool:
    return plan.startswith("SCAN") and not plan.startswith("SCAN CONSTANT") and not any(one in plan for one in SMALL)


async def test_no_step_of_an_executions_life_reads_a_table_whole(storage: Storage, stores: Stores) -> None:
    new = await stores.new(idempotency_key="k", request_hash=b"h")
    again = await stores.new(rerun=Rerun(new.id, (PromptId("draft"),)))
    async with Recorder(storage) as recorder:
        await live(storage, stores, new, again)
    plans = recorder.plans()
    assert len(plans) > 60
    assert [plan for plan in plans if reads_a_table_whole(plan)] == []


async def test_retention_finds_what_is_due_by_its_indexes(storage: Storage, stores: Stores) -> None:
    await (await stores.own()).end()
    async with Recorder(storage) as recorder:
        for remove in (storage.retention.remove_contents, storage.retention.remove_records):
            await remove(-1, 10)
    plans = recorder.plans()
    assert any("ix_executions_with_contents (finished_ms<?)" in plan for plan in plans)
    assert any("ix_executions_created_ms_id (created_ms<?)" in plan for plan in plans)
    assert [plan for plan in plans if reads_a_table_whole(plan)] == []


async def test_the_fence_finds_its_rows_and_their_newest_numbers_by_key(storage: Storage, stores: Stores) -> None:
    owners = [await stores.own() for _ in range(3)]
    async with Recorder(storage) as recorder:
        await storage.log_store.commit([owner.write(Delta(0, 1, "x")) for owner in owners])
    plans = recorder.plans()
    assert plans[0] == "SEARCH executions USING INTEGER PRIMARY KEY (rowid=?)"
    assert "SEARCH events USING PRIMARY KEY (execution_key=?)" in plans


async def test_reading_on_seeks_by_execution_and_number(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    async with Recorder(storage) as recorder:
        await storage.log_store.read(owner.claim.handle, Seq(0), 10)
    assert recorder.plans() == ["SEARCH events USING PRIMARY KEY (execution_key=? AND seq>?)"]


async def test_a_list_of_executions_comes_out_of_its_index_in_order(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    ada = await storage.executions.owner_of(owner.id)
    for principal, where in (
        (ada, ExecutionFilter()),
        (None, ExecutionFilter()),
        (None, ExecutionFilter(assistant_id=owner.claim.assistant_id)),
        (ada, ExecutionFilter(from_ms=1, to_ms=2)),
    ):
        async with Recorder(storage) as recorder:
            await storage.executions.list(principal, 10, "MTgwMDAwMDAwMDAwMC5h", where)
        plans = recorder.plans()
        assert not [plan for plan in plans if "TEMP B-TREE" in plan], plans
        assert any("executions USING INDEX ix_executions" in plan for plan in plans), plans


async def test_a_page_far_down_the_list_is_a_range_of_its_index(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    ada = await storage.executions.owner_of(owner.id)
    for principal, index in (
        (ada, "ix_executions_principal_id_created_ms_id (principal_id=? AND (created_ms,id)<(?,?))"),
        (None, "ix_executions_created_ms_id ((created_ms,id)<(?,?))"),
    ):
        async with Recorder(storage) as recorder:
            await storage.executions.list(principal, 10, "MTgwMDAwMDAwMDAwMC5h", ExecutionFilter())
        assert f"SEARCH executions USING INDEX {index}" in recorder.plans()


async def test_a_limit_counts_live_executions_without_reading_the_finished_ones(
    storage: Storage, stores: Stores
) -> None:
    new = await stores.new()
    async with Recorder(storage) as recorder:
        await storage.execution_store.create(new)
    assert "SEARCH executions USING INDEX ix_executions_live_principal_id (principal_id=?)" in recorder.plans()


async def test_authentication_is_a_look_up(storage: Storage) -> None:
    async with Recorder(storage) as recorder:
        await storage.api_keys.find("k")
        await storage.sessions.find(b"t")
        await storage.users.by_email("a@example.org")
    plans = recorder.plans()
    assert len(plans) >= 5
    assert [plan for plan in plans if reads_a_table_whole(plan)] == []


async def test_a_commit_of_deltas_is_four_statements_however_many_executions(storage: Storage, stores: Stores) -> None:
    owners = [await stores.own() for _ in range(10)]
    async with Recorder(storage) as recorder:
        await storage.log_store.commit([owner.write(Delta(0, 1, "x")) for owner in owners])
    # Ten runs of one prepared INSERT.
    assert recorder.heads == ["BEGIN", "SELECT", *["INSERT"] * 10, "COMMIT"]


async def test_starting_an_attempt_costs_one_statement_more(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    async with Recorder(storage) as recorder:
        await owner.commit(started("draft", 1), changes=[attempt_started("draft", 1)])
    assert recorder.heads == ["BEGIN", "SELECT", "INSERT", "INSERT", "COMMIT"]


async def test_a_first_claim_is_one_statement(storage: Storage, stores: Stores) -> None:
    new = await stores.new()
    await storage.execution_store.create(new)
    async with Recorder(storage) as recorder:
        await stores.claim(new.id)
    assert recorder.heads == ["BEGIN", "UPDATE", "COMMIT"]


async def test_a_renewal_is_one_statement_however_many_are_held(storage: Storage, stores: Stores) -> None:
    owners = [await stores.own() for _ in range(20)]
    async with Recorder(storage) as recorder:
        await storage.execution_store.renew(WORKER, {owner.id: owner.claim.epoch for owner in owners}, LEASE)
    assert recorder.heads == ["BEGIN", "UPDATE", "COMMIT"]


async def test_the_terminal_write_is_one_transaction(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    await owner.begin()
    async with Recorder(storage) as recorder:
        await owner.end()
    assert recorder.heads.count("COMMIT") == 1


async def test_a_start_is_five_statements_and_one_for_a_version_not_seen_before(
    storage: Storage, stores: Stores
) -> None:
    new = await stores.new(idempotency_key="first", request_hash=b"h")
    again = msgspec.structs.replace(new, id=ExecutionId("again"), idempotency_key="again")
    for start, expected in ((new, ["SELECT"]), (again, [])):
        async with Recorder(storage) as recorder:
            await storage.execution_store.create(start)
        steps = ["SELECT", "SELECT", "SELECT", "INSERT", *expected, "INSERT"]
        assert recorder.heads == ["BEGIN", *steps, "COMMIT"]


async def test_following_is_two_statements(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    async with Recorder(storage) as recorder:
        await storage.log_store.handle(owner.id)
        await storage.log_store.read(owner.claim.handle, Seq(0), 100)
    assert recorder.read_heads == ["BEGIN", "SELECT", "COMMIT"] * 2


async def test_a_list_is_one_statement_however_long(storage: Storage, stores: Stores) -> None:
    owners = [await stores.own(principal_id=await stores.principal("ada")) for _ in range(3)]
    ada = await storage.executions.owner_of(owners[0].id)
    async with Recorder(storage) as recorder:
        await storage.executions.list(ada, 100, None, ExecutionFilter())
    assert recorder.read_heads == ["BEGIN", "SELECT", "COMMIT"]


async def test_a_record_is_three_statements_however_many_attempts(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    await owner.begin()
    await owner.retry()
    await owner.begin(attempt=2)
    async with Recorder(storage) as recorder:
        await storage.executions.record(owner.id)
    assert recorder.read_heads == ["BEGIN", "SELECT", "SELECT", "SELECT", "COMMIT"]


async def test_what_administrators_list_comes_out_of_an_index_in_order(storage: Storage) -> None:
    filters = (AuditFilter(), AuditFilter(actor_id=PrincipalId("a")), AuditFilter(action="a"), AuditFilter(target="a"))
    place = "MTgwMDAwMDAwMDAwMC4x"
    for where in filters:
        async with Recorder(storage) as recorder:
            await storage.audit.list(10, place, where)
        assert not [plan for plan in recorder.plans() if "TEMP B-TREE" in plan], where
        assert any("audit USING INDEX ix_audit" in plan for plan in recorder.plans()), recorder.plans()
    async with Recorder(storage) as recorder:
        await storage.api_keys.all(10, place)
        await storage.assistants.with_status(AssistantStatus.DISABLED, 10, place)
    plans = recorder.plans()
    assert not [plan for plan in plans if "TEMP B-TREE" in plan], plans
    assert any("ix_api_keys_created_ms_key_id" in plan for plan in plans), plans
    assert any("ix_assistants_status_created_ms_id" in plan for plan in plans), plans


async def test_figures_read_the_stretch_they_are_asked_for_and_no_more(storage: Storage, stores: Stores) -> None:
    await (await stores.own()).begin()
    async with Recorder(storage) as recorder:
        await storage.statistics.between(1, 2)
        await storage.running.now()
    plans = recorder.plans()
    assert any(
        "executions USING INDEX ix_executions_created_ms_id (created_ms>? AND created_ms<?)" in one for one in plans
    )
    tables = ("executions", "prompt_results", "events")
    assert not [one for one in plans if reads_a_table_whole(one) and one.split()[1] in tables], plans


@pytest.mark.parametrize(
    ("where", "order", "index"),
    [
        (OversightFilter(), Order.CREATED, "ix_executions_created_ms_id"),
        (OversightFilter(), Order.DURATION, "ix_executions_duration"),
        (OversightFilter(), Order.COST, "ix_executions_cost"),
        (OversightFilter(status=ExecutionStatus.FAILED), Order.CREATED, "ix_executions_unusual"),
        (OversightFilter(code="idle_timeout"), Order.CREATED, "ix_executions_code"),
        (OversightFilter(principal_id=PrincipalId("p")), Order.CREATED, "ix_executions_principal_id_created_ms_id"),
    ],
)
async def test_the_list_of_all_executions_comes_out_of_an_index_in_order(
    storage: Storage, where: OversightFilter, order: Order, index: str
) -> None:
    async with Recorder(storage) as recorder:
        await storage.oversight.list(where, order, 10, paging.encode(1_800_000_000_000, "x"))
    plans = recorder.plans()
    assert any(f"executions USING INDEX {index}" in plan for plan in plans), plans
    # Only the few attempts of an execution are put in order.
    assert sum("TEMP B-TREE" in plan for plan in plans) <= 2, plans


@pytest.mark.parametrize("where", [OversightFilter(model="a/b"), OversightFilter(text="a")])
async def test_what_has_no_index_is_looked_for_between_two_places_of_one(
    storage: Storage, stores: Stores, where: OversightFilter
) -> None:
    await stores.own()
    async with Recorder(storage) as recorder:
        await OversightRepository(storage.database, stretch=1).list(
            where, Order.CREATED, 10, paging.encode(1_900_000_000_000_000, "x")
        )
    bounded = "executions USING INDEX ix_executions_created_ms_id ((created_ms,id)>(?,?) AND (created_ms,id)<(?,?))"
    assert any(bounded in plan for plan in recorder.plans()), recorder.plans()

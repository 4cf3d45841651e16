"""Executions as administrators look for them, on every database."""

from __future__ import annotations

import pytest

from app.db.database import Storage
from app.db.errors import InvalidCursor
from app.db.oversight import Order, OverseenExecution, OversightFilter, OversightRepository
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus, PrincipalId
from tests.support.database_clock import DatabaseClock
from tests.support.stores import LEASE, WORKER, Delta, Stores, execution_ended


async def found(storage: Storage, order: Order = Order.CREATED, **where: object) -> list[ExecutionId]:
    page = await storage.oversight.list(OversightFilter(**where), order, 50)  # type: ignore[arg-type]
    return [item.id for item in page.items]


async def one(storage: Storage, **where: object) -> OverseenExecution:
    (item,) = (await storage.oversight.list(OversightFilter(**where), Order.CREATED, 5)).items  # type: ignore[arg-type]
    return item


class TestTheList:
    async def test_each_filter_finds_its_own_and_together_they_narrow(
        self, storage: Storage, stores: Stores, clock: DatabaseClock
    ) -> None:
        done, failed, live = await stores.own(), await stores.own(), await stores.own()
        await done.end()
        await failed.commit(
            changes=[
                execution_ended(
                    ExecutionStatus.FAILED,
                    ended_by=EndedBy.ENGINE,
                    code="idle_timeout",
                    message="No word for 60 s: Ärger",
                )
            ]
        )
        assert set(await found(storage)) == {done.id, failed.id, live.id}
        assert await found(storage, status=ExecutionStatus.FAILED) == [failed.id]
        assert await found(storage, code="idle_timeout") == [failed.id]
        assert await found(storage, text="60 s: Är") == [failed.id]
        assert await found(storage, text="60 s", status=ExecutionStatus.COMPLETED) == []
        assert await found(storage, principal_id=PrincipalId("nobody")) == []
        assert await found(storage, to_ms=1) == []
        item = await one(storage, status=ExecutionStatus.RUNNING)
        assert (item.id, item.user.count("@"), item.version) == (live.id, 1, 1)

    async def test_a_model_finds_what_was_sent_to_it(self, storage: Storage, stores: Stores) -> None:
        owner, other = await stores.own(), await stores.own()
        await owner.begin()
        await owner.commit(Delta(0, 1, "x"))
        record = await storage.executions.record(owner.id)
        assert record is not None
        model = record.prompts[0].attempts[0].model
        assert model is not None
        assert await found(storage, model=model) == [owner.id]
        assert await found(storage, model="another/model") == []
        assert other.id in await found(storage)

    async def test_pages_join_without_a_gap_in_either_order(self, storage: Storage, stores: Stores) -> None:
        for number in range(5):
            await (await stores.own()).end(cost=7 + number // 2)
        for order in Order:
            whole = await found(storage, order)
            joined, cursor = [], None
            while True:
                page = await storage.oversight.list(OversightFilter(), order, 2, cursor)
                joined += [item.id for item in page.items]
                if (cursor := page.next_cursor) is None:
                    break
            assert joined == whole
            assert len(whole) == 5

    async def test_the_dearest_come_first_without_what_cost_nothing_or_nobody_knows(
        self, storage: Storage, stores: Stores
    ) -> None:
        ids = {}
        for cost in (5, None, 2_000_000_000, 0):
            owner = await stores.own()
            await owner.end(cost=cost)
            ids[owner.id] = cost
        assert [ids[id_] for id_ in await found(storage, Order.COST)] == [2_000_000_000, 5]

    async def test_what_has_no_index_is_looked_for_a_stretch_at_a_time(self, storage: Storage, stores: Stores) -> None:
        for number in range(5):
            said = "A needle" if number in (0, 3) else "Hay"
            ended = execution_ended(ExecutionStatus.FAILED, ended_by=EndedBy.ENGINE, code="idle_timeout", message=said)
            await (await stores.own()).commit(changes=[ended])
        for order in (Order.CREATED, Order.DURATION):
            whole = await found(storage, order)
            wanted = await found(storage, order, text="needle")
            pages, cursor = [], None
            while True:
                page = await OversightRepository(storage.database, stretch=2).list(
                    OversightFilter(text="needle"), order, 50, cursor
                )
                pages.append([item.id for item in page.items])
                if (cursor := page.next_cursor) is None:
                    break
            assert len(wanted) == 2
            # Two looked at in each, whatever they hold.
            assert [[one for one in whole[at : at + 2] if one in wanted] for at in (0, 2, 4)] == pages

    async def test_a_cursor_that_no_list_made_is_refused(self, storage: Storage) -> None:
        with pytest.raises(InvalidCursor):
            await storage.oversight.list(OversightFilter(), Order.CREATED, 5, "nonsense")


class TestTheHold:
    async def test_of_a_live_one_tells_who_holds_it_and_for_how_long(
        self, storage: Storage, stores: Stores, clock: DatabaseClock
    ) -> None:
        owner = await stores.own()
        await owner.commit(Delta(0, 1, "x"))
        hold = await storage.oversight.hold(owner.id)
        assert hold is not None
        assert (hold.owner, hold.epoch, hold.claims, hold.waits) == (WORKER, owner.claim.epoch, 1, False)
        assert hold.lease_left_ms is not None
        assert 0 < hold.lease_left_ms <= LEASE * 1000
        assert hold.newest_seq == 2

    async def test_of_one_that_is_not_there_is_none(self, storage: Storage) -> None:
        assert await storage.oversight.hold(ExecutionId("nobody")) is None

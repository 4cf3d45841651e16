"""What several nodes may do to one execution at the same moment, on PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Select, select

from app.db import log_commit
from app.db.database import Storage
from app.db.tables import executions
from tests.support.postgres_locks import holding, until_somebody_waits
from tests.support.stores import LEASE, OTHER, WORKER, Delta, Owner, Stores


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


async def test_a_takeover_counts_what_the_last_owner_commits_at_that_moment(storage: Storage, stores: Stores) -> None:
    zombie = await stores.own()
    await stores.clock.advance(LEASE + 1)
    late = zombie.write(Delta(0, 1, "late"))
    async with holding(storage, lambda connection: log_commit.commit(connection, [late])):
        claiming = asyncio.ensure_future(storage.execution_store.claim(zombie.id, OTHER, LEASE))
        await until_somebody_waits(storage)
    claim = await claiming
    assert claim is not None
    assert claim.handle.last_seq == 2
    successor = Owner(stores, claim)
    assert not await successor.commit(Delta(0, 1, "mine"))


async def test_rows_are_locked_in_one_order_whoever_wants_several(storage: Storage, stores: Stores) -> None:
    """Or two who want the same ones could each hold what the other waits for."""
    started = [await stores.start() for _ in range(3)]
    # A claim moves a row to the end of its table: there they lie the other way round than their keys.
    third, second, first = owners = [await stores.claim(accepted.id) for accepted in reversed(started)]

    async def renewing() -> None:
        await storage.execution_store.renew(WORKER, {owner.id: owner.claim.epoch for owner in owners}, LEASE)

    async def committing() -> None:
        await storage.log_store.commit([owner.write(Delta(0, 1, "x")) for owner in owners])

    for wanting in (renewing, committing, storage.execution_store.expire_leases):
        async with holding(storage, lambda connection: connection.execute(lock_of(second)).close()):
            task = asyncio.ensure_future(wanting())
            await until_somebody_waits(storage)
            free = await storage.database.write(
                lambda connection: set(connection.scalars(select(executions.c.id).with_for_update(skip_locked=True)))
            )
        assert (first.id in free, third.id in free) == (False, True)
        await task


async def test_noting_who_watches_does_not_wait_for_commits_of_the_log(storage: Storage, stores: Stores) -> None:
    """They lock the same rows in another order, so each could wait for what the other holds."""
    owner = await stores.own()
    await storage.watches.keep(OTHER, LEASE)
    write = owner.write(Delta(0, 1, "x"))
    async with holding(storage, lambda connection: log_commit.commit(connection, [write])), asyncio.timeout(3):
        await storage.watches.note(OTHER, [owner.id], [])
    assert await storage.watches.watched([owner.id], believe_leases=False) == {owner.id: True}


def lock_of(owner: Owner) -> Select[tuple[int]]:
    return select(executions.c.key).where(executions.c.id == owner.id).with_for_update()

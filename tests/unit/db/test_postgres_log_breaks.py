"""The event log on PostgreSQL when the server crashes or the link to it ends: nothing is lost, nothing stored twice."""

from __future__ import annotations

import asyncio
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.db.database import Storage
from app.db.definitions import DefinitionCache
from app.db.postgres.log_store import PostgresLogStore
from app.db.postgres.log_writer import LogWriter
from lib.streaming.errors import StorageUnavailable
from lib.streaming.ports.log_store import Write
from lib.streaming.types import ExecutionId, ExecutionStatus
from tests.support.database_clock import DatabaseClock
from tests.support.postgres_proxy import PostgresProxy, postgres_proxy
from tests.support.postgres_server import PostgresServer
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Stores, execution_ended, finished

NEEDLE = "needle"


@pytest.fixture
def url(own_postgres_url: str) -> str:
    return own_postgres_url


async def persist(stores: Stores, *writes: Write) -> Collection[ExecutionId]:
    """Commit the same until it is taken, as the engine does."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await stores.log.commit(writes)
            except StorageUnavailable:
                continue


async def test_a_server_that_crashes_gets_again_what_it_had_not_written(
    stores: Stores, postgres_server: PostgresServer
) -> None:
    owner, other = await stores.own(), await stores.own()
    for letter in "abc":
        await stores.log.commit([owner.write(Delta(0, 1, letter)), other.write(Delta(0, 1, letter.upper()))])
    postgres_server.stop(signal.SIGQUIT)
    postgres_server.start()
    assert not await persist(stores, owner.write(Delta(0, 1, "d")))
    assert await stores.texts(owner.id) == [b"a", b"b", b"c", b"d"]
    assert await stores.texts(other.id) == [b"A", b"B", b"C"]


async def test_what_it_gets_again_is_never_a_replaced_owners(stores: Stores, postgres_server: PostgresServer) -> None:
    zombie, owner = await stores.own(), await stores.own()
    for letter in "abc":
        await stores.log.commit([zombie.write(Delta(0, 1, letter)), owner.write(Delta(0, 1, letter))])
    postgres_server.stop(signal.SIGQUIT)
    postgres_server.start()
    await stores.take_over(zombie.id)
    late = zombie.write(Delta(0, 1, "late"))
    assert await persist(stores, late, owner.write(Delta(0, 1, "d"))) == {zombie.id}
    assert await stores.texts(zombie.id) == [b"a"]
    assert await stores.texts(owner.id) == [b"a", b"b", b"c", b"d"]


async def test_a_server_that_is_away_for_a_while_is_an_outage_that_passes(
    stores: Stores, postgres_server: PostgresServer
) -> None:
    owner = await stores.own()
    await owner.commit(Delta(0, 1, "before"))
    postgres_server.stop()
    write = owner.write(Delta(0, 1, "after"))
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await stores.log.commit([write])
    postgres_server.start()
    assert not await stores.log.commit([write])
    assert await stores.texts(owner.id) == [b"before", b"after"]


class TestBreaks:
    """The link to the server ends in the middle of a commit."""

    @pytest.fixture
    async def proxy(self, postgres_server: PostgresServer) -> AsyncIterator[PostgresProxy]:
        with tempfile.TemporaryDirectory() as directory:
            async with postgres_proxy(postgres_server.directory, Path(directory)) as proxy:
                yield proxy

    @pytest.fixture
    async def distant(
        self, storage: Storage, clock: DatabaseClock, proxy: PostgresProxy, own_postgres_url: str
    ) -> AsyncIterator[Stores]:
        """Stores whose log is written through the proxy."""
        database = make_url(own_postgres_url).database
        writer = LogWriter(f"postgresql://postgres@/{database}?host={proxy.directory}", clock, relaxed=True)
        stores = sql_stores(storage, clock)
        stores.log = PostgresLogStore(storage.database, writer, DefinitionCache())
        yield stores
        await writer.close()

    @pytest.mark.parametrize("deliver", [True, False])
    @pytest.mark.parametrize("linger", [True, False])
    async def test_text_that_may_have_arrived_is_stored_once(
        self, distant: Stores, proxy: PostgresProxy, deliver: bool, linger: bool
    ) -> None:
        owner = await distant.own()
        for letter in "ab":
            await owner.commit(Delta(0, 1, letter))
        proxy.cut, proxy.deliver, proxy.linger = re.compile(NEEDLE.encode()), deliver, linger
        write = owner.write(Delta(0, 1, NEEDLE))
        await self.twice(distant, write)
        assert proxy.has_cut
        assert not await owner.commit(Delta(0, 1, "c"))
        assert await distant.texts(owner.id) == [b"a", b"b", NEEDLE.encode(), b"c"]

    @pytest.mark.parametrize("cut", [NEEDLE.encode(), rb"\bCOMMIT\0"])
    @pytest.mark.parametrize("deliver", [True, False])
    @pytest.mark.parametrize("linger", [True, False])
    async def test_an_end_that_may_have_arrived_is_stored_once(
        self, distant: Stores, proxy: PostgresProxy, cut: bytes, deliver: bool, linger: bool
    ) -> None:
        owner, other = await distant.own(), await distant.own()
        await owner.begin()
        proxy.cut, proxy.deliver, proxy.linger = re.compile(cut), deliver, linger
        changes = [execution_ended(ExecutionStatus.COMPLETED)]
        end = owner.write(Delta(0, 1, NEEDLE), finished(ExecutionStatus.COMPLETED), changes=changes)
        await self.twice(distant, end, other.write(Delta(0, 1, "meanwhile")))
        assert proxy.has_cut
        assert (await distant.handle(owner.id)).terminal
        assert await distant.texts(owner.id) == [NEEDLE.encode()]
        assert await distant.texts(other.id) == [b"meanwhile"]
        assert await owner.commit(Delta(0, 1, "late")) == {owner.id}

    @staticmethod
    async def twice(stores: Stores, *writes: Write) -> None:
        """Commit, see it fail, commit the same again, as the engine does."""
        with pytest.raises(StorageUnavailable):
            await stores.log.commit(writes)
        assert not await stores.log.commit(writes)

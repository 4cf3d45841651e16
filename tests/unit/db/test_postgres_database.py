from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_

from app.db.postgres import engine
from app.db.postgres.database import PostgresDatabase
from app.db.postgres.driver import Driver
from lib.streaming.clock import SystemClock
from lib.streaming.errors import StorageUnavailable
from tests.support.database_contract import MAKE_WORDS, DatabaseContract, add, words
from tests.support.postgres_proxy import PostgresProxy, postgres_proxy
from tests.support.postgres_server import PostgresServer

POOL = 3
COMMIT = re.compile(rb"\bCOMMIT\0")


@asynccontextmanager
async def with_words(url: str) -> AsyncIterator[PostgresDatabase]:
    """A database with an empty table `words`, on which nothing is left behind."""
    database = PostgresDatabase(url, SystemClock(), pool_size=POOL)
    await database.write(partial(run, MAKE_WORDS))
    try:
        yield database
    finally:
        await database.close()
        after = PostgresDatabase(url, SystemClock(), pool_size=1)
        await after.write(partial(run, "DROP TABLE words"))
        await after.close()


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    async with with_words(postgres_url) as database:
        yield database


@pytest.fixture
async def own_database(postgres_server: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    """On the server that may be stopped."""
    async with with_words(postgres_server.url("postgres")) as database:
        yield database


def run(statement: str, connection: Connection) -> None:
    connection.execute(text(statement)).close()


def pid(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


class TestDatabase(DatabaseContract):
    pass


class Stop:
    """A unit of work that adds a word and then waits, in mid-transaction."""

    def __init__(self) -> None:
        self.pid = 0
        self.there = asyncio.Event()
        self.go = asyncio.Event()

    def __call__(self, connection: Connection) -> None:
        self.pid = pid(connection)
        add("half", connection)
        self.there.set()
        await_(self.go.wait())
        add("other half", connection)


async def kill(backend: int, database: PostgresDatabase) -> None:
    await database.write(partial(run, f"SELECT pg_terminate_backend({backend})"))


async def test_a_reader_sees_one_moment_however_long_it_looks(database: PostgresDatabase) -> None:
    looked, go = asyncio.Event(), asyncio.Event()

    def twice(connection: Connection) -> tuple[list[str], list[str]]:
        first = words(connection)
        looked.set()
        await_(go.wait())
        return first, words(connection)

    reading = asyncio.ensure_future(database.read(twice))
    await looked.wait()
    await database.write(partial(add, "later"))
    go.set()
    assert await reading == ([], [])


async def test_no_more_connections_than_allowed_however_many_ask(database: PostgresDatabase) -> None:
    backends = await asyncio.gather(*(database.read(pid) for _ in range(30)))
    assert len(set(backends)) <= POOL


async def test_callers_that_give_up_at_once_do_not_keep_it_from_connecting(database: PostgresDatabase) -> None:
    writing = [asyncio.ensure_future(database.write(partial(add, f"{number:02}"))) for number in range(30)]
    await asyncio.sleep(0)
    for one in writing:
        one.cancel()
    await asyncio.wait(writing)
    await database.close()
    other = PostgresDatabase(database_url(database), SystemClock(), pool_size=1)
    assert len(await other.read(words)) == 30
    await other.close()


def database_url(database: PostgresDatabase) -> str:
    return database._engine.url.render_as_string(hide_password=False)


async def test_connections_that_all_others_hold_are_an_outage_that_passes(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POOL_SECONDS", 0.05)
    narrow = PostgresDatabase(database_url(database), SystemClock(), pool_size=1)
    stop = Stop()
    writing = asyncio.ensure_future(narrow.write(stop))
    await stop.there.wait()
    with pytest.raises(StorageUnavailable):
        await narrow.read(words)
    stop.go.set()
    await writing
    assert await narrow.read(words) == ["half", "other half"]
    await narrow.close()


async def test_a_connection_that_is_ended_in_mid_work_leaves_nothing_behind(database: PostgresDatabase) -> None:
    stop = Stop()
    writing = asyncio.ensure_future(database.write(stop))
    await stop.there.wait()
    await kill(stop.pid, database)
    stop.go.set()
    with pytest.raises(StorageUnavailable):
        await writing
    assert await database.read(words) == []


async def test_idle_connections_that_were_ended_are_replaced_unnoticed(database: PostgresDatabase) -> None:
    backends = set(await asyncio.gather(*(database.read(pid) for _ in range(POOL))))
    for backend in backends:
        with suppress(StorageUnavailable):  # one of them ends itself
            await kill(backend, database)
    await asyncio.gather(*(database.write(partial(add, f"{number}")) for number in range(POOL)))
    assert len(await database.read(words)) == POOL


async def test_a_glance_goes_on_where_idle_connections_were_ended(database: PostgresDatabase) -> None:
    backends = set(await asyncio.gather(*(database.read(pid) for _ in range(POOL))))
    await database.write(partial(add, "one"))
    for backend in backends:
        with suppress(StorageUnavailable):  # one of them ends itself
            await kill(backend, database)
    assert await asyncio.gather(*(database.read_one(words) for _ in range(POOL))) == [["one"]] * POOL


async def test_a_glance_at_a_server_that_stands_still_is_given_up(
    own_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 0.2)
    narrow = PostgresDatabase(database_url(own_database), SystemClock(), pool_size=1)
    backend = await narrow.read_one(pid)
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(StorageUnavailable):
            await narrow.read_one(words)
        assert await narrow.read_one(words) == []
    finally:
        os.kill(backend, signal.SIGCONT)
    await narrow.close()


async def test_a_mistake_in_a_glance_leaves_its_connection_usable(database: PostgresDatabase) -> None:
    narrow = PostgresDatabase(database_url(database), SystemClock(), pool_size=1)
    backend = await narrow.read_one(pid)
    with pytest.raises(DBAPIError):
        await narrow.read_one(partial(run, "SELECT nonsense"))
    assert await narrow.read_one(pid) == backend
    await narrow.close()


async def test_a_restarted_server_is_found_again(
    own_database: PostgresDatabase, postgres_server: PostgresServer
) -> None:
    await own_database.write(partial(add, "before"))
    postgres_server.stop()
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await own_database.write(partial(add, "meanwhile"))
    postgres_server.start()
    await own_database.write(partial(add, "after"))
    assert await own_database.read(words) == ["after", "before"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_server_that_goes_in_mid_work_leaves_nothing_behind(
    own_database: PostgresDatabase, postgres_server: PostgresServer, how: signal.Signals
) -> None:
    stop = Stop()
    writing = asyncio.ensure_future(own_database.write(stop))
    await stop.there.wait()
    postgres_server.stop(how)
    stop.go.set()
    with pytest.raises(StorageUnavailable):
        await writing
    postgres_server.start()
    assert await own_database.read(words) == []


@pytest.mark.parametrize("state", ["53100", "53200", "57P03", "40001", "40P01", "55P03", "58030", "XX000"])
async def test_what_the_server_has_no_room_or_nerve_for_is_an_outage_that_passes(
    database: PostgresDatabase, state: str
) -> None:
    def fail(connection: Connection) -> None:
        add("x", connection)
        run(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$", connection)

    with pytest.raises(StorageUnavailable):
        await database.write(fail)
    await database.write(partial(add, "room again"))
    assert await database.read(words) == ["room again"]


async def test_a_driver_that_lost_its_place_between_two_messages_is_an_outage_that_passes(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, execute = await database.read(pid), asyncpg.Connection.execute

    async def lost(connection: asyncpg.Connection, statement: str) -> str:
        if statement == "COMMIT":
            raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")
        return str(await execute(connection, statement))

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", lost)
        with pytest.raises(StorageUnavailable):
            await database.read(pid)
    assert await database.read(pid) != first


async def test_nor_is_it_a_fault_of_ours_in_a_glance(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> str:
        raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")

    def glance(connection: Connection) -> None:
        monkeypatch.setattr(asyncpg.Connection, "execute", lost)
        Driver(connection).execute("SELECT 1")

    with pytest.raises(StorageUnavailable):
        await database.read_one(glance)
    monkeypatch.undo()
    assert await database.read(pid)


async def test_a_mistake_in_a_statement_is_no_outage(database: PostgresDatabase) -> None:
    with pytest.raises(Exception, match="nonsense") as raised:
        await database.write(partial(run, "SELECT nonsense"))
    assert not isinstance(raised.value, StorageUnavailable)


async def test_a_database_that_takes_no_writes_is_an_outage_that_passes(database: PostgresDatabase) -> None:
    name = make_url(database_url(database)).database
    admin = PostgresDatabase(database_url(database), SystemClock(), pool_size=1)
    await admin.write(partial(run, f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    standby = PostgresDatabase(database_url(database), SystemClock(), pool_size=1)
    with pytest.raises(StorageUnavailable, match="ReadOnly"):
        await standby.write(partial(add, "no"))
    assert await standby.read(words) == []
    await standby.close()
    await admin.write(partial(run, f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    await admin.close()


async def test_a_server_that_stands_still_is_given_up(
    own_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 0.2)
    narrow = PostgresDatabase(database_url(own_database), SystemClock(), pool_size=1)
    backend = await narrow.read(pid)
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(StorageUnavailable):
            await narrow.write(partial(add, "no"))
        await narrow.write(partial(add, "yes"))
    finally:
        os.kill(backend, signal.SIGCONT)
    assert await narrow.read(words) == ["yes"]
    await narrow.close()


async def test_a_table_that_was_changed_under_a_prepared_statement_is_no_failure(database: PostgresDatabase) -> None:
    await database.write(partial(add, "1"))
    await asyncio.gather(*(database.read(words) for _ in range(POOL * 3)))
    other = PostgresDatabase(database_url(database), SystemClock(), pool_size=1)
    await other.write(partial(run, "ALTER TABLE words ALTER word TYPE varchar(10)"))
    await other.close()
    assert await asyncio.gather(*(database.read(words) for _ in range(POOL * 3))) == [["1"]] * POOL * 3


async def test_nor_is_it_one_of_a_glance(database: PostgresDatabase) -> None:
    await database.write(partial(add, "1"))
    await asyncio.gather(*(database.read_one(words) for _ in range(POOL * 3)))
    other = PostgresDatabase(database_url(database), SystemClock(), pool_size=1)
    await other.write(partial(run, "ALTER TABLE words ALTER word TYPE varchar(10)"))
    await other.close()
    assert await asyncio.gather(*(database.read_one(words) for _ in range(POOL * 3))) == [["1"]] * POOL * 3


@pytest.fixture
async def proxy(postgres_server: PostgresServer) -> AsyncIterator[PostgresProxy]:
    with tempfile.TemporaryDirectory() as directory:
        async with postgres_proxy(postgres_server.directory, Path(directory)) as proxy:
            yield proxy


@pytest.fixture
async def distant(own_database: PostgresDatabase, proxy: PostgresProxy) -> AsyncIterator[PostgresDatabase]:
    """The same database, through the proxy."""
    assert await own_database.read(words) == []
    database = PostgresDatabase(f"postgresql://postgres@/postgres?host={proxy.directory}", SystemClock(), pool_size=1)
    yield database
    await database.close()


async def test_a_commit_whose_answer_is_lost_counts(proxy: PostgresProxy, distant: PostgresDatabase) -> None:
    proxy.cut = COMMIT
    assert await distant.write(keeping("kept")) == "kept"
    assert proxy.has_cut
    assert await distant.read(words) == ["kept"]


async def test_a_commit_that_did_not_arrive_is_an_outage(proxy: PostgresProxy, distant: PostgresDatabase) -> None:
    proxy.cut, proxy.deliver = COMMIT, False
    with pytest.raises(StorageUnavailable):
        await distant.write(keeping("lost"))
    assert await distant.read(words) == []


def keeping(word: str) -> Callable[[Connection], str]:
    def keep(connection: Connection) -> str:
        add(word, connection)
        return word

    return keep


async def test_what_the_caller_is_told_names_no_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    nowhere = PostgresDatabase(f"postgresql://postgres:secret@/postgres?host={tmp_path}", SystemClock(), pool_size=1)
    with pytest.raises(StorageUnavailable) as raised:
        await nowhere.read(words)
    assert str(tmp_path) not in raised.value.message
    assert "No such file" in caplog.text
    assert "secret" not in caplog.text

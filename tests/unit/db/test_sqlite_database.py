from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import Connection, text

from app.db.errors import UnsupportedDatabase
from app.db.lane import Lane
from app.db.sqlite import SqliteDatabase, SqliteOpener
from app.db.transaction import driver_of
from app.db.url import sqlite_path
from lib.streaming.errors import StorageUnavailable
from tests.support.database_contract import MAKE_WORDS, DatabaseContract, add, words


def now_ms() -> int:
    return 1_800_000_000_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "test.db", now_ms)
    await database.write(lambda connection: connection.execute(text(MAKE_WORDS)).close())
    yield database
    await database.close()


class TestDatabase(DatabaseContract):
    pass


def pragma(name: str, connection: Connection) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal_mode", "wal"), ("synchronous", 1), ("busy_timeout", 5000), ("foreign_keys", 1), ("query_only", 0)],
)
async def test_the_writer_has_the_settings_we_rely_on(database: SqliteDatabase, name: str, value: object) -> None:
    assert await database.write(lambda connection: pragma(name, connection)) == value


async def test_full_synchronisation_is_a_setting(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "full.db", now_ms, synchronous="FULL")
    assert await database.write(lambda connection: pragma("synchronous", connection)) == 2
    await database.close()


async def test_another_process_in_the_way_is_waited_for(database: SqliteDatabase, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.ensure_future(database.write(partial(add, "patient")))
    done, _ = await asyncio.wait({writing}, timeout=0.1)
    assert not done
    other.execute("COMMIT")
    other.close()
    await writing
    assert await database.read(words) == ["patient"]


async def test_a_lock_that_lasts_is_an_outage_that_passes(database: SqliteDatabase, tmp_path: Path) -> None:
    await database.write(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout = 10").close())
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="locked"):
            await database.write(partial(add, "refused"))
    other.close()
    await database.write(partial(add, "accepted"))
    assert await database.read(words) == ["accepted"]


async def test_a_full_disk_is_an_outage_that_passes(database: SqliteDatabase) -> None:
    pages = await database.write(lambda connection: pragma("page_count", connection))
    await database.write(lambda connection: pragma(f"max_page_count = {pages}", connection))
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="full"):
            await database.write(partial(add, "x" * 100_000))
    assert await database.read(words) == []
    await database.write(lambda connection: pragma("max_page_count = 100000", connection))
    await database.write(partial(add, "room again"))
    assert await database.read(words) == ["room again"]


async def test_a_connection_stuck_in_a_transaction_is_replaced(tmp_path: Path) -> None:
    opener = SqliteOpener(tmp_path / "test.db", now_ms)
    lane = Lane("lane", "BEGIN IMMEDIATE", opener.writer)
    stuck = opener.writer()
    driver_of(stuck).execute("BEGIN IMMEDIATE")
    fresh = lane._usable(stuck)
    assert fresh is not stuck
    assert await lane.run(lambda connection: connection.scalar(text("SELECT 1"))) == 1
    fresh.close()
    lane.close()


async def test_closing_finishes_what_is_queued_and_folds_the_log_into_the_file(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    write = asyncio.ensure_future(database.write(partial(add, "last")))
    await asyncio.sleep(0)
    await database.close()
    await write
    with sqlite3.connect(f"file:{tmp_path}/test.db?mode=ro&immutable=1", uri=True) as alone:
        assert alone.execute("SELECT word FROM words").fetchall() == [("last",)]
    alone.close()


async def test_the_databases_clock_is_the_one_it_was_given(database: SqliteDatabase) -> None:
    assert await database.read(lambda connection: connection.scalar(text("SELECT now_ms()"))) == now_ms()


def test_whoever_opens_a_new_file_waits_for_who_is_writing_to_it(tmp_path: Path) -> None:
    """The switch to the write-ahead log would not wait by itself: two processes that start at once would not both."""
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        Timer(0.1, other.execute, ["COMMIT"]).start()
        SqliteOpener(tmp_path / "test.db", now_ms).driver().close()
        assert not other.in_transaction


@pytest.mark.parametrize("directory", ["missing/test.db", "."])
def test_a_file_that_cannot_be_opened_fails_the_start(tmp_path: Path, directory: str) -> None:
    with pytest.raises(UnsupportedDatabase, match="cannot be opened"):
        SqliteDatabase(tmp_path / directory, now_ms)


def test_a_file_that_is_no_database_fails_the_start(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_text("a letter to a friend, long enough to be read as a header of something")
    with pytest.raises(UnsupportedDatabase, match="not a database"):
        SqliteDatabase(tmp_path / "test.db", now_ms)


@pytest.mark.parametrize("url", ["sqlite:///var/a.db", "sqlite+aiosqlite:///var/a.db", "sqlite+pysqlite:///var/a.db"])
def test_a_url_names_a_file(url: str) -> None:
    assert sqlite_path(url) == Path("var/a.db")


def test_a_url_with_four_slashes_is_absolute() -> None:
    assert sqlite_path("sqlite:////data/a b.db") == Path("/data/a b.db")


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "sqlite://", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "postgresql://db/a", "sqlite://h/a"],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedDatabase):
        sqlite_path(url)

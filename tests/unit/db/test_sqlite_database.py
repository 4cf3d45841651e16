from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from app.db.errors import UnsupportedDatabase
from app.db.lane import Lane
from app.db.sqlite import SqliteDatabase, SqliteOpener
from app.db.transaction import driver_of
from app.db.url import sqlite_path
from lib.streaming.errors import StorageUnavailable


def now_ms() -> int:
    return 1_800_000_000_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "test.db", now_ms)
    await database.write(lambda connection: connection.execute(text("CREATE TABLE words (word TEXT UNIQUE)")).close())
    yield database
    await database.close()


def add(word: str, connection: Connection) -> None:
    connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})


def words(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT word FROM words ORDER BY word")))


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


async def test_what_a_unit_of_work_wrote_is_there_for_the_next_reader(database: SqliteDatabase) -> None:
    await database.write(lambda connection: add("one", connection))
    assert await database.read(words) == ["one"]


async def test_a_unit_of_work_that_raises_leaves_nothing_behind(database: SqliteDatabase) -> None:
    def half(connection: Connection) -> None:
        add("half", connection)
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        await database.write(half)
    assert await database.read(words) == []
    await database.write(lambda connection: add("whole", connection))
    assert await database.read(words) == ["whole"]


async def test_a_broken_constraint_is_no_outage(database: SqliteDatabase) -> None:
    await database.write(lambda connection: add("one", connection))
    with pytest.raises(IntegrityError):
        await database.write(lambda connection: add("one", connection))


async def test_a_reader_cannot_write(database: SqliteDatabase) -> None:
    with pytest.raises(StorageUnavailable, match="readonly"):
        await database.read(lambda connection: add("no", connection))


async def test_a_cancelled_caller_does_not_undo_its_unit_of_work(database: SqliteDatabase) -> None:
    writing = asyncio.ensure_future(database.write(lambda connection: add("kept", connection)))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await database.write(lambda _: None)
    assert await database.read(words) == ["kept"]


async def test_many_writers_at_once_all_succeed(database: SqliteDatabase) -> None:
    await asyncio.gather(*(database.write(partial(add, f"{number:03}")) for number in range(100)))
    assert len(await database.read(words)) == 100


async def test_another_process_in_the_way_is_waited_for(database: SqliteDatabase, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.ensure_future(database.write(lambda connection: add("patient", connection)))
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
            await database.write(lambda connection: add("refused", connection))
    other.close()
    await database.write(lambda connection: add("accepted", connection))
    assert await database.read(words) == ["accepted"]


async def test_a_full_disk_is_an_outage_that_passes(database: SqliteDatabase) -> None:
    pages = await database.write(lambda connection: pragma("page_count", connection))
    await database.write(lambda connection: pragma(f"max_page_count = {pages}", connection))
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="full"):
            await database.write(lambda connection: add("x" * 100_000, connection))
    assert await database.read(words) == []
    await database.write(lambda connection: pragma("max_page_count = 100000", connection))
    await database.write(lambda connection: add("room again", connection))
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


async def test_a_closed_database_says_so(database: SqliteDatabase) -> None:
    await database.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.read(words)


async def test_the_databases_clock_is_the_one_it_was_given(database: SqliteDatabase) -> None:
    assert await database.read(lambda connection: connection.scalar(text("SELECT now_ms()"))) == now_ms()


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

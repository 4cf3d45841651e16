from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from app.db.checkpointer import Checkpointer
from app.db.in_place import AVOID_SECONDS, SLOW_SECONDS, TURN_SECONDS, InPlace, NotInPlace
from app.db.sqlite import BEGIN_WRITE, SqliteDatabase, SqliteOpener
from lib.streaming.errors import StorageUnavailable

MAIN = threading.get_ident


class Stopwatch:
    """Each unit of work takes as long as was said last."""

    def __init__(self) -> None:
        self.now = 100.0
        self.takes = 0.0
        self._asked = count()

    def __call__(self) -> float:
        if next(self._asked) % 2:
            self.now += self.takes
        return self.now


def now_ms() -> int:
    return 1_800_000_000_000


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def here(tmp_path: Path, watch: Stopwatch) -> Iterator[InPlace]:
    opener = SqliteOpener(tmp_path / "test.db", now_ms)
    here = InPlace(BEGIN_WRITE, opener.impatient_writer, watch, lambda callback: callback())
    here.run(lambda connection: connection.execute(text("CREATE TABLE words (word TEXT UNIQUE)")).close())
    yield here
    here.close()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "test.db", now_ms)
    await database.write(lambda connection: connection.execute(text("CREATE TABLE words (word TEXT UNIQUE)")).close())
    yield database
    await database.close()


def add(word: str, connection: Connection) -> int:
    connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})
    return threading.get_ident()


def words(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT word FROM words ORDER BY word")))


def test_work_that_raises_leaves_nothing_behind(here: InPlace) -> None:
    def half(connection: Connection) -> None:
        add("half", connection)
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        here.run(half)
    here.run(lambda connection: add("whole", connection))
    assert here.run(words) == ["whole"]


def test_a_single_statement_is_its_own_transaction(here: InPlace) -> None:
    insert = "INSERT INTO words VALUES ('x')"
    here.run(lambda connection: connection.connection.cursor().execute(insert).close(), one=True)
    with pytest.raises(sqlite3.IntegrityError):
        here.run(lambda connection: connection.connection.cursor().execute(insert), one=True)
    assert here.run(words) == ["x"]


def test_a_lock_that_another_holds_is_not_waited_for(here: InPlace, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotInPlace):
        here.run(lambda connection: add("no", connection))
    other.execute("ROLLBACK")
    other.close()
    here.run(lambda connection: add("yes", connection))
    assert here.run(words) == ["yes"]


def test_a_full_disk_is_an_outage_and_no_reason_to_try_a_thread(here: InPlace) -> None:
    here.run(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 3").close())
    with pytest.raises(StorageUnavailable, match="full"):
        here.run(lambda connection: add("x" * 100_000, connection))


def test_after_work_that_took_long_the_threads_do_it_for_a_while_and_longer_each_time(
    here: InPlace, watch: Stopwatch
) -> None:
    avoided = []
    for _ in range(8):
        watch.takes = 2 * SLOW_SECONDS
        here.run(words)
        began, watch.takes = watch.now, 0.0
        with pytest.raises(NotInPlace):
            here.run(words)
        while True:
            watch.now += 0.5
            try:
                here.run(words)
            except NotInPlace:
                continue
            break
        avoided.append(round(watch.now - began))
    assert avoided[:3] == [AVOID_SECONDS[0], 2, 4]
    assert avoided[-1] == AVOID_SECONDS[1]


def test_a_disk_that_was_slow_long_ago_is_not_held_against_it(here: InPlace, watch: Stopwatch) -> None:
    for pause in (AVOID_SECONDS[0], 1000.0, 0.0):
        watch.takes = 2 * SLOW_SECONDS
        here.run(words)
        watch.takes = 0.0
        watch.now += pause + 0.1
    with pytest.raises(NotInPlace):
        here.run(words)
    watch.now += AVOID_SECONDS[0]
    assert here.run(words) == []


def test_a_crowd_is_sent_to_the_threads_until_the_loop_has_come_round(tmp_path: Path, watch: Stopwatch) -> None:
    turns: list[Callable[[], None]] = []
    here = InPlace(BEGIN_WRITE, SqliteOpener(tmp_path / "test.db", now_ms).impatient_writer, watch, turns.append)
    watch.takes = 0.6 * TURN_SECONDS
    for _ in range(2):
        here.run(lambda _: None)
    with pytest.raises(NotInPlace):
        here.run(lambda _: None)
    (begin_turn,) = turns
    begin_turn()
    here.run(lambda _: None)
    here.close()


async def test_brief_work_runs_where_it_is_asked_for_and_other_work_in_a_thread(database: SqliteDatabase) -> None:
    # A checkpoint under way would send it to the thread.
    await asyncio.to_thread(database._checkpointer.close)
    database._checkpointer = Checkpointer(database._open.driver, interval_seconds=3600)
    assert await database.write(lambda connection: add("brief", connection), brief=True) == MAIN()
    assert await database.write(lambda connection: add("other", connection)) != MAIN()
    assert await database.read(words, brief=True) == ["brief", "other"]


async def test_brief_work_waits_its_turn_behind_the_writers_thread(database: SqliteDatabase) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        begun.set()
        go_on.wait(30)
        add("first", connection)

    writing = asyncio.ensure_future(database.write(slow))
    await asyncio.to_thread(begun.wait, 30)
    second = asyncio.ensure_future(database.write(lambda connection: add("second", connection), brief=True))
    done, _ = await asyncio.wait({second}, timeout=0.05)
    assert not done
    go_on.set()
    await writing
    assert await second != MAIN()


async def test_brief_work_raises_as_other_work_does(database: SqliteDatabase) -> None:
    await database.write(lambda connection: add("one", connection), brief=True)
    with pytest.raises(IntegrityError):
        await database.write(lambda connection: add("one", connection), brief=True)


async def test_where_a_commit_waits_for_the_disk_no_write_is_done_in_place(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "full.db", now_ms, synchronous="FULL")
    await database.write(lambda connection: connection.execute(text("CREATE TABLE words (word TEXT)")).close())
    assert await database.write(lambda connection: add("one", connection), brief=True) != MAIN()
    await database.close()


async def test_a_closed_database_says_so_to_brief_work_too(database: SqliteDatabase) -> None:
    await database.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.read(words, brief=True)
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.write(lambda connection: add("no", connection), brief=True)

"""What every `Database` must do."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from app.db.port import Database
from lib.streaming.errors import StorageUnavailable

MAKE_WORDS = "CREATE TABLE words (word TEXT UNIQUE)"


def add(word: str, connection: Connection) -> None:
    connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})


def words(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT word FROM words ORDER BY word")))


class DatabaseContract:
    """Needs a fixture `database` with an empty table `words`."""

    async def test_what_a_unit_of_work_wrote_is_there_for_the_next_reader(self, database: Database) -> None:
        await database.write(partial(add, "one"))
        assert await database.read(words) == ["one"]

    async def test_a_unit_of_work_that_raises_leaves_nothing_behind(self, database: Database) -> None:
        def half(connection: Connection) -> None:
            add("half", connection)
            raise LookupError("on purpose")

        with pytest.raises(LookupError):
            await database.write(half)
        assert await database.read(words) == []
        await database.write(partial(add, "whole"))
        assert await database.read(words) == ["whole"]

    async def test_a_broken_constraint_is_no_outage(self, database: Database) -> None:
        await database.write(partial(add, "one"))
        with pytest.raises(IntegrityError):
            await database.write(partial(add, "one"))
        assert await database.read(words) == ["one"]

    async def test_a_reader_cannot_write(self, database: Database) -> None:
        with pytest.raises(StorageUnavailable, match=r"(?i)read-?only"):
            await database.read(partial(add, "no"))

    async def test_a_cancelled_caller_does_not_undo_its_unit_of_work(self, database: Database) -> None:
        writing = asyncio.ensure_future(database.write(partial(add, "kept")))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        async with asyncio.timeout(10):
            while await database.read(words) != ["kept"]:
                continue

    async def test_many_writers_at_once_all_succeed(self, database: Database) -> None:
        await asyncio.gather(*(database.write(partial(add, f"{number:03}")) for number in range(100)))
        assert len(await database.read(words)) == 100

    async def test_the_load_tells_what_is_busy_and_what_waits(self, database: Database) -> None:
        writes = [asyncio.ensure_future(database.write(partial(add, f"word-{index}"))) for index in range(50)]
        await asyncio.sleep(0)
        loaded = database.load()
        await asyncio.gather(*writes)
        idle = database.load()
        assert loaded.waiting > 0
        assert (idle.busy, idle.waiting) == (0, 0)
        assert idle.connections > 0

    async def test_closing_finishes_what_is_under_way(self, database: Database) -> None:
        writing = asyncio.ensure_future(database.write(partial(add, "last")))
        await asyncio.sleep(0)
        await database.close()
        await writing

    async def test_a_closed_database_says_so(self, database: Database) -> None:
        await database.close()
        with pytest.raises(StorageUnavailable, match="closed"):
            await database.read(words)

"""What a finished execution takes on disk, on each database: hardly more than what it says."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, text

from app.db.database import Storage
from app.db.url import is_postgresql
from lib.streaming.ports.execution_store import NewExecution
from lib.streaming.ports.log_store import Write
from lib.streaming.types import ExecutionId
from tests.support.database_clock import DatabaseClock
from tests.support.postgres import run
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Stores

SHARED = 4
EXECUTIONS = 12
TOKENS = 2000


def answer(rng: random.Random) -> list[str]:
    """Words as long as a model's tokens are."""
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(1, 7))) + " " for _ in range(TOKENS)]


def used(connection: Connection) -> int:
    """Bytes of tables and indexes; for SQLite of all pages that hold something."""
    if connection.dialect.name == "postgresql":
        tables = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        return int(connection.execute(text(tables)).scalar_one())
    pages, free, size = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def at_times(write: Write, times: Iterator[int]) -> Write:
    return msgspec.structs.replace(write, entries=tuple(entry._replace(at_ms=next(times)) for entry in write.entries))


def token_times(rng: random.Random, began_ms: int) -> Iterator[int]:
    """Fifty a second, give or take."""
    at = float(began_ms)
    while True:
        at += max(0.0, rng.gauss(20, 6))
        yield round(at)


async def finish(stores: Stores, new: NewExecution, words: list[str], times: Iterator[int]) -> None:
    await stores.executions.create(new)
    owner = await stores.claim(new.id)
    await owner.begin("draft")
    # Every token an event of its own: as fine as a log gets.
    await stores.log.commit([at_times(owner.write(*(Delta(0, 1, word) for word in words)), times)])
    await owner.finish_prompt("draft", output="".join(words))
    await owner.end()
    await stores.executions.compact(new.id)


async def test_a_finished_execution_takes_at_most_twice_its_text_and_4_kb(
    storage: Storage, clock: DatabaseClock, url: str
) -> None:
    stores, rng = sql_stores(storage, clock), random.Random(4)
    new = await stores.new(inputs={"topic": "a lighthouse"})

    async def finish_some(first: int, number: int) -> tuple[int, int]:
        """Characters written, and bytes then used of all that there is."""
        written = 0
        for index in range(first, first + number):
            words, this = answer(rng), ExecutionId(f"00000000-0000-7000-8001-{index:012}")
            await finish(stores, msgspec.structs.replace(new, id=this), words, token_times(rng, clock.now_ms()))
            written += len("".join(words))
        if is_postgresql(url):
            # What the vacuum that PostgreSQL runs by itself makes free for the next execution.
            run(url, lambda connection: connection.execute(text("VACUUM FULL")).close())
        return written, await storage.database.read(used)

    # The first ones pay for pages that all share.
    _, before = await finish_some(0, SHARED)
    written, after = await finish_some(SHARED, EXECUTIONS)
    each, text_each = (after - before) / EXECUTIONS, written / EXECUTIONS
    assert each <= 2 * text_each + 4096, f"{each:.0f} bytes for {text_each:.0f} of text"
    print(f"{each:.0f} bytes for {text_each:.0f} of text")  # noqa: T201

"""An open transaction is noticed from outside, whoever holds it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from app.db.postgres.plain import connector
from app.db.url import sqlite_path
from tests.support.database import fresh_database
from tests.support.invariants import at_rest
from tests.support.invariants.at_rest import not_at_rest
from tests.support.invariants.secrets import stored_bytes

WRITE = (
    "INSERT INTO users (id, email, name, role, disabled, created_ms) VALUES ('u', 'e', CAST('n' AS BLOB), 'user', 0, 0)"
)
READ = "SELECT count(*) FROM users"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(at_rest, "WAIT_SECONDS", 0.1)
    return fresh_database(tmp_path)


@pytest.fixture
def user(url: str) -> Iterator[sqlite3.Connection]:
    """Somebody who works with the database; the log holds something."""
    with closing(sqlite3.connect(sqlite_path(url), isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute(WRITE)
        yield connection


def test_a_database_between_transactions_is_at_rest(url: str, user: sqlite3.Connection) -> None:
    user.execute(READ).fetchall()
    assert not_at_rest(url) == []


@pytest.mark.parametrize(
    ("begin", "then", "problem"),
    [("BEGIN IMMEDIATE", "SELECT 1", "writes"), ("BEGIN", "DELETE FROM users", "writes"), ("BEGIN", READ, "reads")],
)
def test_an_open_transaction_is_told(url: str, user: sqlite3.Connection, begin: str, then: str, problem: str) -> None:
    user.execute(begin)
    user.execute(then).fetchall()
    (found,) = not_at_rest(url)
    assert f"a transaction that {problem} is open" in found
    user.execute("ROLLBACK")
    assert not_at_rest(url) == []


def test_a_transaction_that_ends_in_time_is_waited_for(
    url: str, user: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_rest, "WAIT_SECONDS", 10)
    user.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.1, user.execute, ["COMMIT"])
    ending.start()
    assert not_at_rest(url) == []
    ending.join()


@pytest.mark.parametrize("then", ["SELECT count(*) FROM users", "DELETE FROM users"])
async def test_on_postgresql_an_open_transaction_is_told_and_what_is_stored_is_read(
    then: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_rest, "WAIT_SECONDS", 0.1)
    user: asyncpg.Connection = await connector(postgres_url, statement_seconds=5)()
    try:
        await user.execute("INSERT INTO users VALUES ('u', 'e', 'a secret'::bytea, 'user', NULL, false, 0)")
        assert await asyncio.to_thread(not_at_rest, postgres_url) == []
        assert b"a secret" in await asyncio.to_thread(stored_bytes, postgres_url)
        await user.execute(f"BEGIN; {then}")
        (found,) = await asyncio.to_thread(not_at_rest, postgres_url)
        assert "idle in transaction" in found
        await user.execute("ROLLBACK")
        assert await asyncio.to_thread(not_at_rest, postgres_url) == []
    finally:
        await user.close()

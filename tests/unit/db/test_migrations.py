from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, insert
from sqlalchemy.exc import IntegrityError

from app.db.database import Storage
from app.db.errors import UnsupportedDatabase
from app.db.migrate import downgrade, transaction, upgrade
from app.db.revision import is_at_head
from app.db.tables import metadata, users
from lib.streaming.types import EndedBy, ExecutionStatus
from tests.support.fake_clock import FakeClock
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/app.db"


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql > ''")
        # A column that was added later stands on its neighbour's line.
        return {name: " ".join(sql.split()) for name, sql in rows if not name.startswith(("sqlite_", "alembic_"))}


def test_the_migrated_schema_is_the_one_the_code_works_with(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/migrated.db")
    engine = create_engine(f"sqlite:///{tmp_path}/created.db")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "created.db")


def test_upgrading_again_changes_nothing(url: str) -> None:
    for _ in range(2):
        upgrade(url)
    with transaction(url) as connection:
        assert is_at_head(connection)


def test_several_processes_may_upgrade_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [url] * 4))
    with transaction(url) as connection:
        assert is_at_head(connection)


def test_an_empty_database_is_not_at_head(url: str, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with transaction(url) as connection:
        assert not is_at_head(connection)


async def test_an_open_database_knows_that_its_schema_is_current(storage: Storage) -> None:
    assert await storage.at_head()
    await storage.ping()


async def test_down_and_up_again_with_rows_in_every_table(storage: Storage, clock: FakeClock, tmp_path: Path) -> None:
    stores = sql_stores(storage, clock)
    user = await storage.users.create("ada@example.org", "Ada")
    await storage.sessions.create(user.id, b"s", 1)
    await storage.sessions.create_link(user.id, b"l", 1)
    await storage.api_keys.create(key_id="k", user_id=user.id, name="", secret_hash=b"", last_four="1234", scopes=["a"])
    await storage.audit.add(user.id, "test", "everything")
    owner = await stores.own()
    await owner.begin()
    await owner.commit(Delta(0, 1, "text"))
    await owner.end(ExecutionStatus.CANCELLED, ended_by=EndedBy.USER)
    await storage.execution_store.compact(owner.id)
    await storage.close()
    url = f"sqlite:///{tmp_path}/test.db"
    downgrade(url, "base")
    assert schema(tmp_path / "test.db") == {}
    upgrade(url)
    with transaction(url) as connection:
        assert is_at_head(connection)
        assert all(not count for count in row_counts(connection).values())


def row_counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one()
        for table in metadata.sorted_tables
    }


def test_a_migration_that_breaks_a_reference_is_rolled_back(url: str) -> None:
    upgrade(url)
    with pytest.raises(UnsupportedDatabase, match="web_sessions"), transaction(url) as connection:
        connection.exec_driver_sql("INSERT INTO web_sessions VALUES (x'00', 'nobody', 1, 1, 1)")
    with transaction(url) as connection:
        assert row_counts(connection)["web_sessions"] == 0


async def test_enumerations_are_checked_by_the_database(storage: Storage) -> None:
    bad = insert(users).values(id="1", email="e", name="n", role="emperor", disabled=False, created_ms=1)
    with pytest.raises(IntegrityError, match="ck_users_role"):
        await storage.database.write(lambda connection: connection.execute(bad).close())

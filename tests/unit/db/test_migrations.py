from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, inspect, text
from sqlalchemy.exc import IntegrityError

from app.db.database import Storage
from app.db.errors import UnsupportedDatabase
from app.db.migrate import downgrade, in_transaction, transaction, upgrade
from app.db.records import Feedback
from app.db.revision import is_at_head
from app.db.tables import metadata, users
from lib.streaming.errors import StorageUnavailable
from lib.streaming.pricing import Price
from lib.streaming.types import EndedBy, ExecutionStatus, PromptId, WorkerId
from tests.support.fake_clock import FakeClock
from tests.support.postgres import PostgresDatabases
from tests.support.schema import schema, tables_only
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta

#: Tables of revisions after the first, which go with them and come back empty.
LATER = {"nodes", "watches", "prompt_feedback", "model_prices"}


@pytest.fixture
def new_file(tmp_path: Path) -> str:
    """Of a file in a directory, neither of which is there."""
    return f"sqlite:///{tmp_path}/new/app.db"


def at_head(url: str) -> bool:
    answers: list[bool] = []
    in_transaction(url, lambda connection: answers.append(is_at_head(connection)))
    return answers[0]


def counts(url: str) -> dict[str, int]:
    """Rows by table."""
    found: dict[str, int] = {}

    def count(connection: Connection) -> None:
        there = inspect(connection).get_table_names()
        for table in (table for table in metadata.sorted_tables if table.name in there):
            found[table.name] = connection.scalars(text(f"SELECT count(*) FROM {table.name}")).one()

    in_transaction(url, count)
    return found


async def fill(storage: Storage, clock: FakeClock) -> None:
    """A row or more into every table, then close."""
    stores = sql_stores(storage, clock)
    user = await storage.users.create("ada@example.org", "Ada")
    await storage.sessions.create(user.id, b"s", 1)
    await storage.sessions.create_link(user.id, b"l", 1)
    await storage.api_keys.create(key_id="k", user_id=user.id, name="", secret_hash=b"", last_four="1234", scopes=["a"])
    await storage.audit.add(user.id, "test", "everything")
    await storage.model_prices.set("scripted/echo", Price(1, 2))
    owner = await stores.own()
    await owner.begin()
    await owner.commit(Delta(0, 1, "text"))
    await owner.end(ExecutionStatus.CANCELLED, ended_by=EndedBy.USER)
    await storage.execution_store.compact(owner.id)
    await storage.executions.give_feedback(owner.id, PromptId("draft"), Feedback.LIKE)
    live = await stores.own()
    await live.begin()
    await storage.watches.keep(WorkerId("node"), 10)
    await storage.watches.note(WorkerId("node"), [live.id], [])
    await storage.close()


def test_a_migrated_file_has_the_schema_the_code_works_with(new_file: str, tmp_path: Path) -> None:
    upgrade(new_file)
    in_transaction(f"sqlite:///{tmp_path}/created.db", metadata.create_all)
    assert tables_only(schema(new_file)) == schema(f"sqlite:///{tmp_path}/created.db")


def test_a_migrated_postgresql_database_does_too(postgres: PostgresDatabases) -> None:
    with postgres.migrated() as migrated, postgres.empty() as created:
        in_transaction(created, metadata.create_all)
        ours = {name: words for name, words in schema(migrated).items() if "pgqueuer" not in name}
        assert tables_only(ours) == schema(created)


def test_upgrading_again_changes_nothing(url: str) -> None:
    before = schema(url)
    upgrade(url)
    assert schema(url) == before
    assert at_head(url)


def test_several_processes_may_upgrade_a_file_at_once(new_file: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [new_file] * 4))
    assert at_head(new_file)


def test_several_nodes_may_upgrade_postgresql_at_once(postgres: PostgresDatabases) -> None:
    with postgres.empty() as url:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(upgrade, [url] * 4))
        assert at_head(url)


def test_an_empty_database_is_not_at_head(new_file: str, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert not at_head(new_file)


async def test_an_open_database_knows_that_its_schema_is_current(storage: Storage) -> None:
    assert await storage.at_head()
    await storage.ping()


async def test_every_step_down_and_up_again_keeps_the_rows(storage: Storage, clock: FakeClock, url: str) -> None:
    await fill(storage, clock)
    rows, newest = counts(url), lasting(url)
    assert all(rows.values())
    kept = {name: count for name, count in rows.items() if name not in LATER}
    downgrade(url, "0001")
    assert counts(url) == kept
    assert not at_head(url)
    upgrade(url)
    assert counts(url) == kept | dict.fromkeys(LATER, 0)
    assert lasting(url) == newest


def lasting(url: str) -> dict[str, str]:
    """The schema without the function in whose place a test puts its own."""
    return {name: definition for name, definition in schema(url).items() if name != "now_ms"}


async def test_down_to_nothing_and_up_again_with_rows_in_every_table(
    storage: Storage, clock: FakeClock, url: str
) -> None:
    newest = schema(url)
    await fill(storage, clock)
    downgrade(url, "base")
    assert schema(url) == {}
    upgrade(url)
    assert at_head(url)
    assert not any(counts(url).values())
    assert schema(url).keys() == newest.keys()


def test_a_migration_that_breaks_a_reference_is_rolled_back(new_file: str) -> None:
    upgrade(new_file)
    with pytest.raises(UnsupportedDatabase, match="web_sessions"), transaction(new_file) as connection:
        connection.exec_driver_sql("INSERT INTO web_sessions VALUES (x'00', 'nobody', 1, 1, 1)")
    assert counts(new_file)["web_sessions"] == 0


def test_a_migration_that_fails_leaves_postgresql_as_it_was(postgres_url: str) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(text("DROP TABLE audit"))
        raise LookupError("on purpose")

    before = schema(postgres_url)
    with pytest.raises(LookupError):
        in_transaction(postgres_url, fail)
    assert schema(postgres_url) == before


def test_a_server_that_is_not_there_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        upgrade(f"postgresql://postgres@/postgres?host={tmp_path}")


def test_a_migration_may_compute_between_its_statements_longer_than_a_request(postgres_url: str) -> None:
    limits: list[str] = []

    def look(connection: Connection) -> None:
        limits.append(connection.scalars(text("SHOW idle_in_transaction_session_timeout")).one())

    in_transaction(postgres_url, look)
    assert limits == ["1min"]


async def test_enumerations_are_checked_by_the_database(storage: Storage) -> None:
    bad = insert(users).values(id="1", email="e", name="n", role="emperor", disabled=False, created_ms=1)
    with pytest.raises(IntegrityError, match="ck_users_role"):
        await storage.database.write(lambda connection: connection.execute(bad).close())

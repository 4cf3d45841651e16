from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db.database import Storage
from tests.support.database import fresh_database, open_storage, open_storage_at
from tests.support.database_clock import DatabaseClock
from tests.support.sql_stores import sql_stores
from tests.support.stores import Stores

pytest.register_assert_rewrite(
    "tests.support.database_contract",
    "tests.support.execution_store_contract",
    "tests.support.log_store_contract",
    "tests.support.watch_store_contract",
)


@pytest.fixture
def clock() -> DatabaseClock:
    return DatabaseClock()


@pytest.fixture
async def sqlite_storage(tmp_path: Path, clock: DatabaseClock) -> AsyncIterator[Storage]:
    storage = await open_storage(tmp_path, clock)
    yield storage
    await storage.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a migrated database without rows, of each kind in turn."""
    if request.param == "sqlite":
        return fresh_database(tmp_path)
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def storage(url: str, clock: DatabaseClock) -> AsyncIterator[Storage]:
    """On each kind of database in turn."""
    storage = await open_storage_at(url, clock)
    yield storage
    await storage.close()


@pytest.fixture
def stores(storage: Storage, clock: DatabaseClock) -> Stores:
    return sql_stores(storage, clock)

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db.database import Storage
from tests.support.database import open_postgres_storage, open_storage
from tests.support.database_clock import DatabaseClock

pytest.register_assert_rewrite(
    "tests.support.database_contract",
    "tests.support.execution_store_contract",
    "tests.support.log_store_contract",
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
async def storage(request: pytest.FixtureRequest, tmp_path: Path, clock: DatabaseClock) -> AsyncIterator[Storage]:
    """On each database in turn."""
    if request.param == "sqlite":
        storage = await open_storage(tmp_path, clock)
    else:
        storage = await open_postgres_storage(request.getfixturevalue("postgres_url"), clock)
    yield storage
    await storage.close()

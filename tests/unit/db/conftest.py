from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db.database import Storage
from tests.support.database import open_storage
from tests.support.fake_clock import FakeClock

pytest.register_assert_rewrite("tests.support.log_store_contract", "tests.support.execution_store_contract")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def storage(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Storage]:
    storage = await open_storage(tmp_path, clock)
    yield storage
    await storage.close()

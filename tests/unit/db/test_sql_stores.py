"""The stores' contract on both databases."""

from __future__ import annotations

import pytest

from app.db.database import Storage
from tests.support.execution_store_contract import ExecutionStoreContract
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import LogStoreContract
from tests.support.sql_stores import sql_stores
from tests.support.stores import Stores


@pytest.fixture
def stores(storage: Storage, clock: FakeClock) -> Stores:
    return sql_stores(storage, clock)


class TestExecutionStore(ExecutionStoreContract):
    pass


class TestLogStore(LogStoreContract):
    pass

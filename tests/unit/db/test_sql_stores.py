"""The stores' contract on both databases."""

from __future__ import annotations

import pytest

from app.db.database import Storage
from app.db.watches import SqlWatchStore
from lib.streaming.ports.other_nodes import WatchStore
from tests.support.execution_store_contract import ExecutionStoreContract
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import LogStoreContract
from tests.support.sql_stores import sql_stores
from tests.support.stores import Stores
from tests.support.watch_store_contract import WatchStoreContract


@pytest.fixture
def stores(storage: Storage, clock: FakeClock) -> Stores:
    return sql_stores(storage, clock)


class TestExecutionStore(ExecutionStoreContract):
    pass


class TestLogStore(LogStoreContract):
    pass


class TestWatchStore(WatchStoreContract):
    @pytest.fixture
    def watches(self, storage: Storage) -> WatchStore:
        return SqlWatchStore(storage.database)

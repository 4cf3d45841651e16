"""The stores' contract in memory."""

from __future__ import annotations

from itertools import count

import pytest

from lib.streaming.definition import Definition
from lib.streaming.ports.other_nodes import WatchStore
from lib.streaming.types import AssistantId, PrincipalId, VersionId
from tests.support.execution_store_contract import ExecutionStoreContract
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import LogStoreContract
from tests.support.shared_store import SharedStore
from tests.support.stores import Stores
from tests.support.watch_store_contract import WatchStoreContract


@pytest.fixture
def stores() -> Stores:
    clock, numbers = FakeClock(), count(1)
    store = SharedStore(clock)

    async def principal(name: str = "") -> PrincipalId:
        return PrincipalId(name or f"user-{next(numbers)}")

    async def pin(definition: Definition) -> tuple[AssistantId, VersionId]:
        assistant, version = AssistantId(f"assistant-{next(numbers)}"), VersionId(f"version-{next(numbers)}")
        store.add_version(version, assistant, 1, definition)
        return assistant, version

    return Stores(store, store, clock, pin, principal)


class TestExecutionStore(ExecutionStoreContract):
    pass


class TestLogStore(LogStoreContract):
    pass


class TestWatchStore(WatchStoreContract):
    @pytest.fixture
    def watches(self, stores: Stores) -> WatchStore:
        assert isinstance(stores.executions, SharedStore)
        return stores.executions

"""The database of a node, opened beside it: for states that no request leads to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.db.database import Storage, open_database
from app.settings.model import DATABASE_FILE
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from lib.streaming.ports.execution_store import NewExecution
from lib.streaming.types import AssistantId, ExecutionId


@asynccontextmanager
async def storage_of(data_dir: Path) -> AsyncIterator[Storage]:
    clock = SystemClock()
    storage = await open_database(f"sqlite:///{data_dir / DATABASE_FILE}", clock, Uuid7Factory(clock.now_ms))
    try:
        yield storage
    finally:
        await storage.close()


async def accept(storage: Storage, assistant_id: AssistantId) -> ExecutionId:
    """An execution of the assistant's owner as it is stored before any worker has it."""
    assistant = await storage.assistants.get(assistant_id)
    assert assistant is not None
    new = NewExecution(
        id=ExecutionId(Uuid7Factory(SystemClock().now_ms)()),
        principal_id=assistant.owner_id,
        assistant_id=assistant.id,
        version_id=assistant.version_id,
        inputs={"n": "1"} if assistant.definition.fields else {},
        on_disconnect="continue",
        max_concurrent=1_000,
    )
    return (await storage.execution_store.create(new)).id

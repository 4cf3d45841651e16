"""The SQL stores as contract tests drive them."""

from __future__ import annotations

from itertools import count

from app.db.database import Storage
from lib.streaming.definition import Definition
from lib.streaming.types import AssistantId, PrincipalId, VersionId
from tests.support.fake_clock import FakeClock
from tests.support.stores import Stores


def sql_stores(storage: Storage, clock: FakeClock) -> Stores:
    numbers = count(1)

    async def principal(name: str = "") -> PrincipalId:
        email = f"{name or f'user-{next(numbers)}'}@example.org"
        known = await storage.users.by_email(email)
        return (known or await storage.users.create(email, "Somebody")).id

    async def pin(definition: Definition) -> tuple[AssistantId, VersionId]:
        assistant = await storage.assistants.create(await principal("author"), definition)
        return assistant.id, assistant.version_id

    return Stores(storage.execution_store, storage.log_store, clock, pin, principal)

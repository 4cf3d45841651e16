"""All of storage in one hand: what the composition root opens and closes."""

from __future__ import annotations

from app.db.api_keys import ApiKeyRepository
from app.db.assistants import AssistantRepository
from app.db.audit import AuditRepository
from app.db.execution_reader import ExecutionReader
from app.db.sessions import SessionRepository
from app.db.users import UserRepository
from lib.streaming.clock import Clock
from lib.streaming.ids import IdFactory
from lib.streaming.ports import ExecutionStore, LogStore


class Storage:
    """The repositories and the engine's two stores over one database."""

    users: UserRepository
    sessions: SessionRepository
    api_keys: ApiKeyRepository
    assistants: AssistantRepository
    executions: ExecutionReader
    audit: AuditRepository
    execution_store: ExecutionStore
    log_store: LogStore

    async def ping(self) -> None:
        """Return if the database answers; raise `StorageUnavailable` otherwise."""
        raise NotImplementedError

    async def at_head(self) -> bool:
        """Whether the schema is at the newest revision."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


async def open_database(url: str, clock: Clock, new_id: IdFactory, *, synchronous: str = "NORMAL") -> Storage:
    """Open a migrated database: `sqlite:///var/app.db` (or `sqlite+aiosqlite://…`).

    `synchronous`: SQLite's `NORMAL` or `FULL`. Raises `UnsupportedDatabase`, `StorageUnavailable`; an old
    schema is not an error here (`at_head` tells).
    """
    raise NotImplementedError

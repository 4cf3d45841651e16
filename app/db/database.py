"""All of storage in one hand: what the composition root opens and closes."""

from __future__ import annotations

from sqlalchemy import text

from app.db.api_keys import ApiKeyRepository
from app.db.assistants import AssistantRepository
from app.db.audit import AuditRepository
from app.db.backlog import Backlog, backlog
from app.db.definitions import DefinitionCache
from app.db.event_log import SqlLogStore
from app.db.execution_reader import ExecutionReader
from app.db.executions import SqlExecutionStore
from app.db.port import Database
from app.db.revision import is_at_head
from app.db.sessions import SessionRepository
from app.db.sqlite import SqliteDatabase
from app.db.url import sqlite_path
from app.db.users import UserRepository
from lib.streaming.clock import Clock
from lib.streaming.ids import IdFactory
from lib.streaming.ports.execution_store import ExecutionStore
from lib.streaming.ports.log_store import LogStore


class Storage:
    """The repositories and the engine's two stores over one database."""

    def __init__(self, database: Database, new_id: IdFactory) -> None:
        definitions = DefinitionCache()
        self.database = database
        self.users = UserRepository(database, new_id)
        self.sessions = SessionRepository(database)
        self.api_keys = ApiKeyRepository(database)
        self.assistants = AssistantRepository(database, new_id)
        self.executions = ExecutionReader(database, definitions)
        self.audit = AuditRepository(database)
        self.execution_store: ExecutionStore = SqlExecutionStore(database, definitions)
        self.log_store: LogStore = SqlLogStore(database, definitions)

    async def ping(self) -> None:
        """Return if the database answers; raise `StorageUnavailable` otherwise."""
        await self.database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    async def at_head(self) -> bool:
        """Whether the schema is at the newest revision."""
        return await self.database.read(is_at_head)

    async def backlog(self) -> Backlog:
        return await backlog(self.database)

    async def close(self) -> None:
        await self.database.close()


async def open_database(url: str, clock: Clock, new_id: IdFactory, *, synchronous: str = "NORMAL") -> Storage:
    """Open a migrated database: `sqlite:///var/app.db` (or `sqlite+aiosqlite://…`).

    `synchronous`: SQLite's `NORMAL` or `FULL`. Raises `UnsupportedDatabase`, `StorageUnavailable`; an old
    schema is not an error here (`at_head` tells).
    """
    return storage_at(url, clock, new_id, synchronous=synchronous)


def storage_at(url: str, clock: Clock, new_id: IdFactory, *, synchronous: str = "NORMAL") -> Storage:
    """As `open_database`, connecting only when first used: for building an application before its event loop."""
    return Storage(SqliteDatabase(sqlite_path(url), clock.now_ms, synchronous=synchronous), new_id)

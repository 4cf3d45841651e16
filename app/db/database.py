"""All of storage in one hand: what the composition root opens and closes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from sqlalchemy import text

from app.db.api_keys import ApiKeyRepository
from app.db.assistants import AssistantRepository
from app.db.audit import AuditRepository
from app.db.backlog import Backlog, backlog
from app.db.definitions import DefinitionCache
from app.db.event_log import SqlLogStore
from app.db.execution_reader import ExecutionReader
from app.db.executions import SqlExecutionStore
from app.db.model_prices import ModelPriceRepository
from app.db.model_usage import ModelUsageRepository
from app.db.oversight import OversightRepository
from app.db.port import Announcer, Database, TicketWriter
from app.db.retention import RetentionRepository
from app.db.revision import is_at_head
from app.db.running_now import RunningRepository
from app.db.sessions import SessionRepository
from app.db.sqlite import SqliteDatabase
from app.db.statistics import StatisticsRepository
from app.db.url import is_postgresql, sqlite_path
from app.db.users import UserRepository
from app.db.watches import SqlWatchStore
from app.settings import Settings
from lib.streaming.clock import Clock
from lib.streaming.ids import IdFactory
from lib.streaming.ports.execution_store import ExecutionStore
from lib.streaming.ports.log_store import LogStore
from lib.streaming.ports.other_nodes import WatchStore

#: Connections to PostgreSQL.
POOL_SIZE = 10

#: Makes the store of the event log over a database.
OpenLogStore: TypeAlias = Callable[[Database, DefinitionCache], LogStore]


@runtime_checkable
class Closable(Protocol):
    """A store with connections of its own."""

    async def close(self) -> None: ...


class Storage:
    """The repositories and the engine's two stores over one database."""

    def __init__(
        self,
        database: Database,
        new_id: IdFactory,
        *,
        log_store: OpenLogStore | None = None,
        tickets: TicketWriter | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        definitions = DefinitionCache()
        self.database = database
        self.users = UserRepository(database, new_id)
        self.sessions = SessionRepository(database)
        self.api_keys = ApiKeyRepository(database)
        self.assistants = AssistantRepository(database, new_id)
        self.executions = ExecutionReader(database, definitions)
        self.audit = AuditRepository(database)
        self.statistics = StatisticsRepository(database)
        self.running = RunningRepository(database)
        self.oversight = OversightRepository(database)
        self.model_prices = ModelPriceRepository(database)
        self.model_usage = ModelUsageRepository(database)
        self.retention = RetentionRepository(database)
        self.execution_store: ExecutionStore = SqlExecutionStore(database, definitions, tickets, announcer)
        self.watches: WatchStore = SqlWatchStore(database, announcer)
        self.log_store: LogStore = (log_store or SqlLogStore)(database, definitions)

    async def ping(self) -> None:
        """Return if the database answers; raise `StorageUnavailable` otherwise."""
        await self.database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    async def at_head(self) -> bool:
        """Whether the schema is at the newest revision."""
        return await self.database.read(is_at_head)

    async def backlog(self) -> Backlog:
        return await backlog(self.database)

    async def close(self) -> None:
        if isinstance(self.log_store, Closable):
            await self.log_store.close()
        await self.database.close()


async def open_database(
    url: str,
    clock: Clock,
    new_id: IdFactory,
    *,
    synchronous: str = "NORMAL",
    pool_size: int = POOL_SIZE,
    relaxed_deltas: bool = False,
) -> Storage:
    """Open a migrated database: `sqlite:///var/app.db` or `postgresql://user:password@host/database`.

    `synchronous`: SQLite's `NORMAL` or `FULL`. `pool_size`: connections to PostgreSQL at most, besides the one that
    writes events; `relaxed_deltas`: its commits that hold nothing but text do not wait for PostgreSQL's disk. Raises
    `UnsupportedDatabase`. PostgreSQL is connected to when first used; an old schema is not an error here (`at_head`).
    """
    return storage_at(url, clock, new_id, synchronous=synchronous, pool_size=pool_size, relaxed_deltas=relaxed_deltas)


def configured_storage(
    settings: Settings, clock: Clock, new_id: IdFactory, tickets: TicketWriter | None = None
) -> Storage:
    """The database that the settings name, used as they say. Raises `UnsupportedDatabase`.

    `tickets`: writes the delivery tickets of a job queue in that database.
    """
    return storage_at(
        settings.database_url,
        clock,
        new_id,
        synchronous=settings.sqlite_synchronous,
        pool_size=settings.postgres_pool_size,
        relaxed_deltas=settings.postgres_relaxed_deltas,
        tickets=tickets,
    )


def storage_at(
    url: str,
    clock: Clock,
    new_id: IdFactory,
    *,
    synchronous: str = "NORMAL",
    pool_size: int = POOL_SIZE,
    relaxed_deltas: bool = False,
    tickets: TicketWriter | None = None,
) -> Storage:
    """As `open_database`, where no event loop runs yet."""
    if is_postgresql(url):
        # What it stands on takes as long to load as everything else here, and SQLite needs none of it.
        from app.db.postgres.database import PostgresDatabase
        from app.db.postgres.log_store import PostgresLogStore
        from app.db.postgres.log_writer import LogWriter
        from app.db.postgres.words import PostgresAnnouncer

        writer = LogWriter(url, clock, relaxed=relaxed_deltas)
        return Storage(
            PostgresDatabase(url, clock, pool_size=pool_size),
            new_id,
            log_store=lambda database, definitions: PostgresLogStore(database, writer, definitions),
            tickets=tickets,
            announcer=PostgresAnnouncer(),
        )
    return Storage(SqliteDatabase(sqlite_path(url), clock.now_ms, synchronous=synchronous), new_id)

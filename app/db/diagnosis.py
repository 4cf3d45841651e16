"""What a database tells of itself to whoever looks for trouble."""

from __future__ import annotations

from time import perf_counter

import msgspec
from sqlalchemy import Connection, select, text

from app.db.dialect import now_ms
from app.db.port import Database

COMMITS = 9

#: Writes what is there already: the smallest commit there is, and nothing is changed.
_TOUCH = text("UPDATE alembic_version SET version_num = version_num")
_ROOM = text(
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,"
    " current_setting('server_version') AS version, current_setting('synchronous_commit') AS synchronous"
)


class ServerState(msgspec.Struct, frozen=True):
    """A PostgreSQL server: connections it gives to users like ours at most, and how many are open now."""

    most: int
    used: int
    version: str
    synchronous_commit: str


async def clock_ms(database: Database) -> int:
    """The database's clock. Raises `StorageUnavailable`."""
    return await database.read(lambda connection: connection.execute(select(now_ms())).scalar_one())


async def commit_seconds(database: Database) -> list[float]:
    """How long some smallest commits take. Raises `StorageUnavailable`."""
    took = []
    for _ in range(COMMITS):
        began = perf_counter()
        await database.write(lambda connection: connection.execute(_TOUCH).close())
        took.append(perf_counter() - began)
    return took


async def server_state(database: Database) -> ServerState | None:
    """None for SQLite, which has no server. Raises `StorageUnavailable`."""

    def read(connection: Connection) -> ServerState | None:
        if connection.dialect.name != "postgresql":
            return None
        row = connection.execute(_ROOM).one()
        return ServerState(row.most, row.used, row.version, row.synchronous)

    return await database.read(read)

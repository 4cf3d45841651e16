"""A table that takes no writes for a while, for tests of what then does not happen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.db.database import Storage


@asynccontextmanager
async def refusing(storage: Storage, event: str, table: str) -> AsyncIterator[None]:
    """Within it, `event` (INSERT, UPDATE, DELETE) on a table fails with the words "not today"."""
    dialect = await storage.database.read(lambda connection: connection.dialect.name)
    sqlite = dialect == "sqlite"
    body = (
        "BEGIN SELECT RAISE(ABORT, 'not today'); END" if sqlite else "FOR EACH ROW EXECUTE FUNCTION refuse('not today')"
    )
    await _execute(storage, f"CREATE TRIGGER tr_refusing BEFORE {event} ON {table} {body}")
    try:
        yield
    finally:
        await _execute(storage, f"DROP TRIGGER tr_refusing{'' if sqlite else f' ON {table}'}")


async def _execute(storage: Storage, statement: str) -> None:
    await storage.database.write(lambda connection: connection.exec_driver_sql(statement).close())

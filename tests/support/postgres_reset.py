"""Makes a used PostgreSQL database as it was when it was migrated."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.db.tables import metadata

#: Name and definition of everything a test could add or leave changed, but for the clock.
_OBJECTS = """
    SELECT relkind::text || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
_CLOCK = "SELECT pg_get_functiondef('now_ms()'::regprocedure)"
_SEQUENCES = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


class State(NamedTuple):
    objects: tuple[str, ...]
    clock: str


def state(connection: Connection) -> State:
    return State(tuple(sorted(connection.scalars(text(_OBJECTS)))), connection.scalar(text(_CLOCK)))


def reset(connection: Connection, before: State) -> bool:
    """Remove every row and give the clock back; false if something else is not as it was."""
    try:
        connection.execute(text("SET lock_timeout = '5s'"))
        for table in _children_first(connection):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text(_SEQUENCES))
        connection.exec_driver_sql(before.clock)
        return state(connection) == before
    except DBAPIError:
        return False


def _children_first(connection: Connection) -> list[str]:
    ours = [table.name for table in reversed(metadata.sorted_tables)]
    return ours + sorted(set(connection.scalars(text(_TABLES))) - set(ours))

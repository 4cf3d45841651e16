"""What a database's schema is, in the database's own words."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from app.db.migrate import in_transaction

_SQLITE = "SELECT name, sql FROM sqlite_master WHERE sql > '' AND name NOT LIKE 'sqlite_%'"
_POSTGRESQL = """
    SELECT relname || '.' || attname, format_type(atttypid, atttypmod) || attnotnull::text
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def schema(url: str) -> dict[str, str]:
    """Definitions by name: tables or columns, indexes, constraints, triggers, functions; the tool's own left out."""
    found: dict[str, str] = {}

    def look(connection: Connection) -> None:
        query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
        rows = connection.execute(text(query))
        # On SQLite a column that was added later stands on its neighbour's line.
        found.update({name: " ".join(words.split()) for name, words in rows if "alembic" not in name})

    in_transaction(url, look)
    return found


def tables_only(schema: Mapping[str, str]) -> dict[str, str]:
    """Without triggers and functions, which only migrations make."""
    return {
        name: words for name, words in schema.items() if not words.startswith(("CREATE TRIGGER", "CREATE OR REPLACE"))
    }

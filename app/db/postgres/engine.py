"""Connections to PostgreSQL with every setting we rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.db.url import postgresql_url

CONNECT_SECONDS = 5.0
#: For one statement.
STATEMENT_SECONDS = 10.0
#: For one commit of the log, which is tried again until the lease is nearly over.
COMMIT_SECONDS = 3.0
#: For a connection that all others hold.
POOL_SECONDS = 5.0

SERVER_SETTINGS = {
    "application_name": "assistant-architect",
    # A process that is stopped inside a transaction holds rows that its successor must have.
    "idle_in_transaction_session_timeout": "5000",
    # Everything here is looked up by an index; priced as for a turning disk, reading and sorting all of an
    # execution's events would look cheaper than going on where a reader is.
    "random_page_cost": "1.1",
}
#: A migration may compute between two statements, on a machine that has little time for it; who waits for the schema
#: waits for it to end anyway, and no longer than this for one that is stopped.
_SCHEMA_SETTINGS = {**SERVER_SETTINGS, "idle_in_transaction_session_timeout": "60000"}


def pooled(url: str, size: int) -> AsyncEngine:
    """At most `size` connections, opened when first needed. Transactions are begun by hand."""
    return _engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        # The last one used is the next: what a quiet hour leaves idle at least stays one connection's.
        pool_use_lifo=True,
        connect_args={"command_timeout": STATEMENT_SECONDS},
    )


def dedicated(url: str) -> AsyncEngine:
    """For a connection that is kept."""
    return _engine(
        url, isolation_level="AUTOCOMMIT", poolclass=NullPool, connect_args={"command_timeout": COMMIT_SECONDS}
    )


def single(url: str) -> AsyncEngine:
    """For work on the schema: no pool, no cached statements that a change of a table would make wrong."""
    return _engine(
        url,
        _SCHEMA_SETTINGS,
        poolclass=NullPool,
        connect_args={"statement_cache_size": 0, "prepared_statement_cache_size": 0},
    )


def _engine(
    url: str, settings: Mapping[str, str] = SERVER_SETTINGS, *, connect_args: dict[str, Any], **options: Any
) -> AsyncEngine:
    return create_async_engine(
        postgresql_url(url),
        connect_args={"timeout": CONNECT_SECONDS, "server_settings": settings, **connect_args},
        **options,
    )

"""Brings a schema to the newest revision: the only way a schema comes to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from app.db.errors import UnsupportedDatabase
from app.db.revision import scripts
from app.db.sqlite import SqliteOpener
from app.db.url import is_postgresql, sqlite_path
from lib.streaming.clock import SystemClock


def upgrade(url: str, revision: str = "head") -> None:
    """Upgrade to a revision in one transaction; a missing SQLite file and its directory are made.

    Harmless when there is nothing to do, and when several processes do it at once.
    """
    if not is_postgresql(url):
        sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
    in_transaction(url, lambda connection: command.upgrade(_config(connection), revision))


def downgrade(url: str, revision: str) -> None:
    """Go back to a revision (`base`: an empty schema) in one transaction."""
    in_transaction(url, lambda connection: command.downgrade(_config(connection), revision))


def in_transaction(url: str, work: Callable[[Connection], None]) -> None:
    """Run `work` on the schema, outside a running service, in one transaction that no other such work overlaps."""
    if is_postgresql(url):
        from app.db.postgres import schema

        schema.in_transaction(url, work)
        return
    with transaction(url) as connection:
        work(connection)


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    """One connection to an SQLite file in one transaction."""
    connection = SqliteOpener(sqlite_path(url), SystemClock().now_ms).writer()
    try:
        # A table rebuilt on SQLite is dropped in between, which would cascade; and inside a transaction the
        # setting can no longer be changed. What the migration leaves is checked instead.
        connection.exec_driver_sql("PRAGMA foreign_keys = 0")
        connection.rollback()
        with connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            _check_foreign_keys(connection)
    finally:
        connection.close()


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise UnsupportedDatabase(f"The migration would leave rows without their parents in: {tables}.")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

"""Which database a URL names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.db.errors import UnsupportedDatabase

_SQLITE = frozenset({"sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"})
_POSTGRESQL = frozenset({"postgresql", "postgresql+asyncpg"})
_FORMS = "sqlite:///path/to/file.db or postgresql://user:password@host/database"
#: What may follow the `?` of a PostgreSQL URL, and what the driver calls it.
_OPTIONS = {"host": "host", "port": "port", "ssl": "ssl", "sslmode": "ssl"}


def is_postgresql(url: str) -> bool:
    """Raises `UnsupportedDatabase` for what is no URL."""
    return _parsed(url).drivername in _POSTGRESQL


def postgresql_url(url: str) -> URL:
    """`postgresql://user:password@host:port/database`, with `host` (also a socket's directory), `port`, `ssl` or
    `sslmode` as options; raises `UnsupportedDatabase`.
    """
    parsed = _parsed(url)
    if unknown := parsed.query.keys() - _OPTIONS.keys():
        raise UnsupportedDatabase(f"A PostgreSQL URL may not have {', '.join(sorted(unknown))} among its options.")
    if not parsed.database or not (parsed.host or "host" in parsed.query):
        raise UnsupportedDatabase("A PostgreSQL URL names a host and a database: postgresql://host/database.")
    options = {_OPTIONS[name]: value for name, value in parsed.query.items()}
    return parsed.set(drivername="postgresql+asyncpg", query=options)


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`; raises `UnsupportedDatabase`."""
    parsed = _parsed(url)
    if parsed.drivername not in _SQLITE:
        raise UnsupportedDatabase(f"Databases of kind {parsed.drivername} are not supported; use {_FORMS}.")
    if not parsed.database or parsed.database == ":memory:" or parsed.query or parsed.host:
        raise UnsupportedDatabase("An SQLite URL names a file and nothing else: sqlite:///path/to/file.db.")
    return Path(parsed.database)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UnsupportedDatabase(f"The database URL is not a URL; write {_FORMS}.") from error

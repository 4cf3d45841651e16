"""Which database a URL names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.db.errors import UnsupportedDatabase

_SQLITE = frozenset({"sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"})


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`; raises `UnsupportedDatabase`."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnsupportedDatabase("The database URL is not a URL; write sqlite:///path/to/file.db.") from error
    if parsed.drivername not in _SQLITE:
        raise UnsupportedDatabase(f"Databases of kind {parsed.drivername} are not supported; use sqlite:///path.")
    if not parsed.database or parsed.database == ":memory:" or parsed.query or parsed.host:
        raise UnsupportedDatabase("An SQLite URL names a file and nothing else: sqlite:///path/to/file.db.")
    return Path(parsed.database)

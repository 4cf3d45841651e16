"""Which revision the schema is at, told without loading the migration tool: every start and every probe asks."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.db.errors import UnsupportedDatabase

_PACKAGE = Path(__file__).resolve().parent.parent
#: In an installed wheel the scripts lie inside the package, in a checkout beside it.
_SCRIPTS = (_PACKAGE / "migrations", _PACKAGE.parent / "migrations")
_NAMED = re.compile(r"^(down_)?revision\b[^=]*=(.*)$", re.MULTILINE)
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")
_TABLE = "alembic_version"


def scripts() -> Path:
    """The directory of the migrations. Raises `UnsupportedDatabase` if it did not come with the installation."""
    for directory in _SCRIPTS:
        if (directory / "env.py").is_file():
            return directory
    raise UnsupportedDatabase("The migration scripts are missing from this installation.")


@cache
def newest_revisions() -> frozenset[str]:
    """The revisions that no other follows; one, unless the history has branched."""
    made: set[str] = set()
    followed: set[str] = set()
    for script in (scripts() / "versions").glob("*.py"):
        for down, value in _NAMED.findall(script.read_text(encoding="utf-8")):
            (followed if down else made).update(_QUOTED.findall(value))
    return frozenset(made - followed)


def is_at_head(connection: Connection) -> bool:
    """Whether the schema of a connection is at the newest revision."""
    if not inspect(connection).has_table(_TABLE):
        return False
    return set(connection.scalars(text(f"SELECT version_num FROM {_TABLE}"))) == newest_revisions()  # noqa: S608 - a constant

"""Doing to a database what its own guards refuse, as only a broken server could."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def tamper(file: Path, *statements: str) -> None:
    """Run statements with every trigger gone."""
    with closing(sqlite3.connect(file)) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            database.execute(statement)

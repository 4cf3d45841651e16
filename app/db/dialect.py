"""The few places where SQLite and PostgreSQL differ."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: Name of the SQL function that tells the database's time. On PostgreSQL the migrations make it; the SQLite adapter
#: gives it to each connection, backed by the injected clock: the process is the database's host, so its clock is the
#: database's clock.
SQLITE_NOW = "now_ms"


class now_ms(FunctionElement[int]):  # noqa: N801 - reads like the SQL function it is
    """The database's clock in Unix milliseconds: leases are never judged by the clock of a worker."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms)
def _now(_element: now_ms, _compiler: SQLCompiler, **_: Any) -> str:
    return f"{SQLITE_NOW}()"


def upsert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens when the row is already there."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)

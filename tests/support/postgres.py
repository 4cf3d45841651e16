"""Databases on a real PostgreSQL: the one `TEST_DATABASE_URL` names, else a server of this process's own.

Every test gets a database of its own, copied from one that was migrated once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from uuid import uuid4

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.migrate import upgrade
from tests.support.postgres_server import PostgresServer


class PostgresDatabases:
    """Makes and drops databases where `url` leads; its user must be allowed to."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database without a schema."""
        with self._made("TEMPLATE template0") as url:
            yield url

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a database with the newest schema and no rows."""
        with self._made(f"TEMPLATE {self._template} STRATEGY FILE_COPY") as url:
            yield url

    def close(self) -> None:
        if "_template" in self.__dict__:
            self._drop(self._template)

    @cached_property
    def _template(self) -> str:
        name = self._create("TEMPLATE template0")
        upgrade(self._named(name))
        return name

    @contextmanager
    def _made(self, how: str) -> Iterator[str]:
        name = self._create(how)
        try:
            yield self._named(name)
        finally:
            self._drop(name)

    def _create(self, how: str) -> str:
        name = f"aa_test_{uuid4().hex}"
        self._run(f"CREATE DATABASE {name} {how}")
        return name

    def _drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _named(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        """In a thread of its own, since the caller's may have an event loop running."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._execute(statement)).result()

    async def _execute(self, statement: str) -> None:
        engine = create_async_engine(self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))


@contextmanager
def postgres_databases() -> Iterator[PostgresDatabases]:
    """Those of the server that `TEST_DATABASE_URL` names, or of one that lives as long as this."""
    with ExitStack() as stack:
        url = os.environ.get("TEST_DATABASE_URL") or stack.enter_context(closing(PostgresServer())).url("postgres")
        yield stack.enter_context(closing(PostgresDatabases(url)))

"""Databases for tests on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.migrate import upgrade
from tests.support import postgres_reset

T = TypeVar("T")


class PostgresDatabases:
    """Makes and drops databases where `url` leads; its user must be allowed to."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._idle: list[str] = []

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a new database without a schema."""
        with self._made("TEMPLATE template0") as url:
            yield url

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a new database with the newest schema and no rows, a copy of one that was migrated."""
        with self._made(f"TEMPLATE {self._template} STRATEGY FILE_COPY") as url:
            yield url

    @contextmanager
    def used(self) -> Iterator[str]:
        """As `migrated`, but emptied after others have used it, where a copy costs hundreds of files."""
        name = self._idle.pop() if self._idle else self._create(f"TEMPLATE {self._template} STRATEGY FILE_COPY")
        url = self._named(name)
        yield url
        if run(url, lambda connection: postgres_reset.reset(connection, self._state)):
            self._idle.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        for name in (*self._idle, *([self._template] if "_template" in self.__dict__ else ())):
            self._drop(name)

    @cached_property
    def _template(self) -> str:
        name = self._create("TEMPLATE template0")
        upgrade(self._named(name))
        return name

    @cached_property
    def _state(self) -> postgres_reset.State:
        return run(self._named(self._template), postgres_reset.state)

    @contextmanager
    def _made(self, how: str) -> Iterator[str]:
        name = self._create(how)
        try:
            yield self._named(name)
        finally:
            self._drop(name)

    def _create(self, how: str) -> str:
        name = f"aa_test_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} {how}")
        return name

    def _drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _named(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        run(self._named(self._url.database or ""), lambda connection: connection.execute(text(statement)).close())


def run(url: str, work: Callable[[Connection], T]) -> T:
    """Run statements, each committed by itself; blocks, also where an event loop runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _run(url, work)).result()


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        return await connection.run_sync(work)

"""PostgreSQL for the measurements: a server of the run's own, as durable as a real one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg

from bench.server_process import StartFailed
from tests.support.postgres_server import PostgresServer

#: All else is as PostgreSQL comes: `fsync` and `synchronous_commit` on, statistics and vacuum at work.
SETTINGS = {"listen_addresses": "", "jit": "off", "log_min_messages": "fatal"}


class Postgres:
    """A running server; `pid` leads the process tree whose CPU time is its own."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.pid = server.pid

    async def database(self, name: str) -> str:
        """Make an empty database, in place of one of this name; its URL."""
        connection = await asyncpg.connect(host=str(self._server.directory), user="postgres", database="postgres")
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self._server.url(name)


@contextlib.asynccontextmanager
async def postgres() -> AsyncIterator[Postgres]:
    """Start it on whichever core is free; raises `StartFailed` where its wheel does not run."""
    try:
        server = await asyncio.to_thread(PostgresServer, SETTINGS)
    except Exception as error:
        raise StartFailed(f"PostgreSQL: {error}") from error
    try:
        yield Postgres(server)
    finally:
        await asyncio.to_thread(server.close)

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from sqlalchemy import text

from app.db.migrate import in_transaction
from app.db.postgres.plain import Connect, connector
from tests.support.postgres import PostgresDatabases

EMPTY = text("TRUNCATE pgqueuer, pgqueuer_log RESTART IDENTITY")


@pytest.fixture(scope="module")
def queue_url(postgres: PostgresDatabases) -> Iterator[str]:
    with postgres.migrated() as url:
        yield url


@pytest.fixture
def connect(queue_url: str) -> Connect:
    """Opens connections to a database whose tables of tickets are empty."""
    in_transaction(queue_url, lambda connection: connection.execute(EMPTY).close())
    return connector(queue_url, statement_seconds=5)


@pytest.fixture
async def connection(connect: Connect) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect()
    yield connection
    await connection.close()

"""PostgreSQL as fixtures. A server is started by the first test of a process that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresDatabases, postgres_databases
from tests.support.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    """Makes databases; for tests that need several, or an empty one."""
    with postgres_databases() as databases:
        yield databases


@pytest.fixture
def postgres_url(postgres: PostgresDatabases) -> Iterator[str]:
    """A migrated database without rows. Whatever the test leaves in it is gone before the next one."""
    with postgres.used() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server that tests may stop, start and break; leave it running."""
    server = PostgresServer()
    yield server
    server.close()

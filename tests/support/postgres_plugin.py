"""PostgreSQL as fixtures. A server is started by the first test of a process that asks for one."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.support.postgres import PostgresDatabases
from tests.support.postgres_server import RUNNING, PostgresServer

MOST_SAID = 2000


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    for server in RUNNING:
        server.said()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A connection that broke does not say why; the server does, in what it logged while the test ran."""
    report = yield
    if report.failed:
        report.sections += [("PostgreSQL's log", said) for server in RUNNING if (said := server.said()[-MOST_SAID:])]
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server of this process's own, which tests may stop and break; leave it running."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def own_postgres(postgres_server: PostgresServer) -> Iterator[PostgresDatabases]:
    """Makes databases on that server."""
    databases = PostgresDatabases(postgres_server.url("postgres"))
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresDatabases]:
    """Makes databases on the server that `TEST_DATABASE_URL` names, as a superuser, else on the own one."""
    url = os.environ.get("TEST_DATABASE_URL")
    if url is None:
        yield request.getfixturevalue("own_postgres")
        return
    databases = PostgresDatabases(url)
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(postgres: PostgresDatabases) -> Iterator[str]:
    """A migrated database without rows. Whatever the test leaves in it is gone before the next one."""
    with postgres.used() as url:
        yield url


@pytest.fixture
def own_postgres_url(own_postgres: PostgresDatabases) -> Iterator[str]:
    """The same on the server that tests may break."""
    with own_postgres.used() as url:
        yield url

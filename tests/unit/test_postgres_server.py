from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Connection, text

from app.db.migrate import in_transaction
from tests.support.postgres import PostgresDatabases
from tests.support.waiting import until

STARTS_ONE = """
from tests.support.postgres_server import PostgresServer
server = PostgresServer()
print(server.directory, flush=True)
input()
"""


def tables(url: str) -> set[str]:
    found: set[str] = set()

    def look(connection: Connection) -> None:
        found.update(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))

    in_transaction(url, look)
    return found


def test_every_database_is_migrated_and_nobody_elses(postgres: PostgresDatabases) -> None:
    with postgres.migrated() as one, postgres.migrated() as other:
        in_transaction(one, lambda connection: connection.execute(text("CREATE TABLE mine ()")).close())
        assert tables(one) - tables(other) == {"mine"}
        assert "executions" in tables(other)


def test_an_empty_database_has_no_tables(postgres: PostgresDatabases) -> None:
    with postgres.empty() as url:
        assert tables(url) == set()


@pytest.fixture
def starter() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
    ) as process:
        yield process
        process.kill()


async def test_the_server_goes_when_the_process_that_started_it_is_killed(starter: subprocess.Popen[bytes]) -> None:
    assert starter.stdout is not None
    directory = Path(starter.stdout.readline().decode().strip())
    server = psutil.Process(int((directory / "data" / "postmaster.pid").read_text().split()[0]))
    assert server.is_running()
    starter.kill()
    await until(lambda: not directory.exists(), seconds=10)
    assert not server.is_running()

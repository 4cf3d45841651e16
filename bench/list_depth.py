"""What a page of a long list costs, the first and one far down: `python -m bench.list_depth [URL]`.

Fills an empty database (a new SQLite file without a URL) with a million executions of one principal, then takes pages
of 100 by turns. Keyset paging is right if both cost the same.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import Connection, text

from app.db import paging
from app.db.database import Storage, open_database
from app.db.migrate import in_transaction, upgrade
from app.db.records import ExecutionFilter
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from lib.streaming.types import PrincipalId

EXECUTIONS = 1_000_000
PAGE = 100
DEEP = 10_000
ROUNDS = 300

NUMBERS = {
    "postgresql": f"SELECT n FROM generate_series(1, {EXECUTIONS}) AS n",
    "sqlite": f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {EXECUTIONS}) SELECT n FROM s",
}
ONE_EACH = (
    "INSERT INTO users VALUES ('u', 'u@example.org', :empty, 'user', NULL, FALSE, 1)",
    "INSERT INTO assistants VALUES ('a', 'a', 'u', 'approved', 1, NULL, 1, 1)",
    "INSERT INTO assistant_versions VALUES ('v', 'a', 1, :empty, :empty, 'u', 1, :empty)",
)


def fill(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    for statement in ONE_EACH:
        values = {"empty": b""} if ":empty" in statement else {}
        connection.execute(text(statement), values)
    name = "printf('%09d', n)" if sqlite else "lpad(n::text, 9, '0')"
    connection.execute(
        text(
            "INSERT INTO executions (id, principal_id, assistant_id, version_id, status, epoch, claims, on_disconnect,"
            f" created_ms, compacted, inputs) SELECT {name}, 'u', 'a', 'v', 'completed', 1, 1, 'continue', n, TRUE, :inputs"
            f" FROM ({NUMBERS[connection.dialect.name]}) AS numbers"
        ),
        {"inputs": b"{}"},
    )
    connection.execute(text("ANALYZE"))


async def measure(storage: Storage) -> None:
    last_of_the_page_before = EXECUTIONS - (DEEP - 1) * PAGE + 1
    cursors = {1: None, DEEP: paging.encode(last_of_the_page_before, f"{last_of_the_page_before:09}")}
    for principal in (PrincipalId("u"), None):
        took: dict[int, list[float]] = {page: [] for page in cursors}
        for _ in range(ROUNDS):
            for page, cursor in cursors.items():
                began = time.perf_counter()
                found = await storage.executions.list(principal, PAGE, cursor, ExecutionFilter())
                took[page].append((time.perf_counter() - began) * 1e3)
                assert len(found.items) == PAGE
        first, deep = (statistics.median(times) for times in took.values())
        whose = "one principal's" if principal else "everybody's"
        print(f"{whose:>16}: page 1 {first:.2f} ms, page {DEEP:,} {deep:.2f} ms, factor {deep / first:.2f}")


async def run(url: str) -> None:
    clock = SystemClock()
    storage = await open_database(url, clock, Uuid7Factory(clock.now_ms))
    await measure(storage)
    await storage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?")
    with tempfile.TemporaryDirectory(dir=".") as directory:
        url = parser.parse_args().url or f"sqlite:///{Path(directory) / 'bench.db'}"
        upgrade(url)
        in_transaction(url, fill)
        asyncio.run(run(url))


if __name__ == "__main__":
    main()

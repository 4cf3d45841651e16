"""Commits events to a database for ever and says after each commit how far it got; meant to be killed.

`python committing_process.py <url>`: a line `key number` for each execution after each commit.
"""

from __future__ import annotations

import asyncio
import sys

from app.db.database import open_database
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from tests.support.fake_clock import FakeClock
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta

EXECUTIONS = 5


async def main(url: str) -> None:
    clock = SystemClock()
    storage = await open_database(url, clock, Uuid7Factory(clock.now_ms))
    stores = sql_stores(storage, FakeClock())
    new_id = Uuid7Factory(clock.now_ms)
    owners = [await stores.own(id=new_id()) for _ in range(EXECUTIONS)]
    while True:
        await storage.log_store.commit(
            [owner.write(*(Delta(0, 1, "x" * 50) for _ in range(owner.last % 7 + 1))) for owner in owners]
        )
        for owner in owners:
            sys.stdout.write(f"{owner.id} {owner.last}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

"""A test's clock that is also the clock of a PostgreSQL database; SQLite asks its process for the time anyway."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from tests.support.fake_clock import FakeClock


class DatabaseClock(FakeClock):
    """Once it `rules` a database, that one's `now_ms()` gives its time; to be moved by `advance` only."""

    def __init__(self) -> None:
        super().__init__()
        self._ruled: list[AsyncEngine] = []

    async def rule(self, url: str) -> None:
        self._ruled.append(create_async_engine(url, poolclass=NullPool))
        await self._set()

    async def advance(self, seconds: float) -> None:
        await super().advance(seconds)
        await self._set()

    async def _set(self) -> None:
        body = f"$$ SELECT {self.now_ms()}::bigint $$"
        now = text(f"CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS {body}")
        for engine in self._ruled:
            async with engine.begin() as connection:
                await connection.execute(now)

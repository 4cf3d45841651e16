"""Hears what nodes tell each other through PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import make_url

from app.db.postgres.channel import EVENTS, Moved, read_payload


class PostgresEar:
    """`count`: how many notifications have come."""

    def __init__(self) -> None:
        self.count = 0
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    def hear(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        self.count += 1
        self._heard.put_nowait(payload)

    async def next(self) -> set[Moved]:
        """What the next notification names."""
        async with asyncio.timeout(10):
            return set(read_payload(await self._heard.get()))


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[PostgresEar]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    ear = PostgresEar()
    await connection.add_listener(EVENTS, ear.hear)
    try:
        yield ear
    finally:
        await connection.close()

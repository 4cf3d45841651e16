"""What became of a transaction whose connection broke before COMMIT was answered: the server knows by its name."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.postgres.failures import is_outage
from lib.streaming.clock import Clock
from lib.streaming.errors import StorageUnavailable

#: As long as a server takes to come back, and less than a lease.
PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 0.1

_STATUS = text("SELECT pg_xact_status(CAST(CAST(:name AS text) AS xid8))")


class Outcomes:
    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def committed(self, transaction: str) -> bool:
        """Whether it was; raises `StorageUnavailable` if the server does not say for too long."""
        deadline = self._clock.monotonic() + PATIENCE_SECONDS
        while self._clock.monotonic() < deadline:
            status = await self._status(transaction)
            if status in ("committed", "aborted"):
                return status == "committed"
            await self._clock.sleep(PAUSE_SECONDS)
        raise StorageUnavailable("The database broke off during a commit; whether it took place is not known.")

    async def _status(self, transaction: str) -> str | None:
        try:
            async with self._engine.connect() as connection:
                status: str | None = await connection.scalar(_STATUS, {"name": transaction})
                return status
        except Exception as error:
            if is_outage(error):
                return None
            raise

"""Whether this process should get traffic."""

from __future__ import annotations

from app.db.database import Storage
from lib.streaming.errors import StreamingError


class Readiness:
    """Turned off for good by `stop`, when the process begins to drain."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def checks(self) -> dict[str, str]:
        """Each check with `ok` or what is wrong; nothing in it tells an outsider more than that."""
        database = await self._database()
        migrations = await self._migrations() if database == "ok" else "unknown"
        return {
            "database": database,
            "migrations": migrations,
            "process": "stopping" if self._stopping else "ok",
        }

    async def _database(self) -> str:
        try:
            await self._storage.ping()
        except StreamingError:
            return "unreachable"
        return "ok"

    async def _migrations(self) -> str:
        try:
            return "ok" if await self._storage.at_head() else "outdated"
        except StreamingError:
            return "unknown"

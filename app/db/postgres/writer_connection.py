"""A connection that is kept, made anew after a break, and sure that its predecessor is at an end."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.postgres.engine import dedicated
from lib.streaming.errors import StorageUnavailable

_WHO = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
#: The time of start tells it from another's, to whom a restarted server has given the same number.
_END = "SELECT pg_terminate_backend(pid, $3) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2"
#: Milliseconds for the predecessor to go.
_END_MS = 2000


class WriterConnection:
    def __init__(self, url: str) -> None:
        self._engine = dedicated(url)
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        #: Process and its start on the server, of this connection or else of the last one.
        self._backend: tuple[int, object] | None = None

    @property
    def closed(self) -> bool:
        return self._driver is None or bool(self._driver.is_closed())

    @property
    def core(self) -> AsyncConnection:
        """Core's side of it, once `open` has returned."""
        assert self._connection is not None
        return self._connection

    @property
    def driver(self) -> Any:
        """The driver's side of it, once `open` has returned."""
        return self._driver

    async def open(self) -> bool:
        """Connect if need be; true if there was another connection before, whose last commit nobody saw the end of."""
        if not self.closed:
            return False
        await self.give_up()
        self._connection = await self._engine.connect()
        self._driver = (await self._connection.get_raw_connection()).driver_connection
        last, self._backend = self._backend, None
        if last is not None:
            await self._end(last)
        self._backend = tuple(await self._driver.fetchrow(_WHO))
        return last is not None

    async def give_up(self) -> None:
        connection, driver, self._connection, self._driver = self._connection, self._driver, None, None
        if connection is not None:
            driver.terminate()
            await connection.invalidate()
            await connection.close()

    async def close(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            await connection.close()
        await self._engine.dispose()

    async def _end(self, backend: tuple[int, object]) -> None:
        if await self._driver.fetchval(_END, *backend, _END_MS) is False:
            raise StorageUnavailable("What the last connection began has not come to an end.")

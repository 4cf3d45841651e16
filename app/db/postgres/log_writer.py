"""The one connection of a process that writes events.

Theory of operation. A commit is one statement where it can be, else one transaction. With `relaxed`, one that holds
nothing but text does not wait for the server's disk; once a second one does, and with it all before. What is not yet
known to lie on the disk is kept here, so that a server that crashed and came back gets it once more.

When the connection breaks, nobody knows what became of the last commit. So the next one first has the server end
what is left of the broken connection, then looks which writes are stored, and writes the others: to the caller it is
as if nothing had happened, and a commit that it tries again is not done twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial

from app.db.postgres import log_statement, log_transaction
from app.db.postgres.failures import is_outage, outage
from app.db.postgres.stored_writes import StoredWrites
from app.db.postgres.unit import WRITE, Outworn, Unit
from app.db.postgres.writer_connection import WriterConnection
from lib.streaming.clock import Clock
from lib.streaming.errors import StorageUnavailable
from lib.streaming.ports.log_store import Write
from lib.streaming.sse_events.vocabulary import DELTA_CODES
from lib.streaming.types import ExecutionId

#: A commit that comes later than this after the last one that waited for the disk waits for it too.
RELAXED_SECONDS = 1.0


class LogWriter:
    """Commits one after the other; connects when first used, of one event loop."""

    def __init__(self, url: str, clock: Clock, *, relaxed: bool) -> None:
        self._connection = WriterConnection(url)
        self._clock = clock
        self._relaxed = relaxed
        self._kept: list[Write] = []
        self._waited_at = float("-inf")
        self._broken = False
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[Collection[ExecutionId]]] = set()
        self._closed = False

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        """As `LogStore` says. A cancelled caller does not stop it."""
        if self._closed:
            raise StorageUnavailable("The database is closed.")
        task = asyncio.get_running_loop().create_task(self._in_turn(writes))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Finish what runs, then close the connection."""
        self._closed = True
        if self._running:
            await asyncio.wait(self._running)
        await self._connection.close()

    async def _in_turn(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        async with self._turn:
            try:
                return await self._commit(writes)
            except Exception as error:
                if isinstance(error, StorageUnavailable | Outworn) or is_outage(error, closed=self._connection.closed):
                    await self._connection.give_up()
                    raise outage(error) from error
                raise

    async def _commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        if await self._connection.open():
            self._broken = True
        if self._broken:
            return await self._mend(writes)
        relaxed = self._may_relax(writes)
        if log_statement.fits(writes):
            refused = await log_statement.commit(self._connection.driver, writes, relaxed=relaxed)
        else:
            refused = await self._transact(writes)
        self._note(writes, relaxed=relaxed)
        return refused

    async def _mend(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        """The first commit after a break: what the server has not kept, and what it does not have yet."""
        stored = await StoredWrites.of(self._connection.driver, [*self._kept, *writes])
        todo = [*stored.lost(self._kept), *stored.missing(writes)]
        refused = await self._transact(todo) if todo else set()
        self._note(writes, relaxed=False)
        self._broken = False
        return refused

    async def _transact(self, writes: Sequence[Write]) -> set[ExecutionId]:
        unit = Unit(WRITE, partial(log_transaction.commit, writes=writes))
        await self._connection.core.run_sync(unit.run)
        return unit.result

    def _may_relax(self, writes: Sequence[Write]) -> bool:
        fresh = self._clock.monotonic() - self._waited_at < RELAXED_SECONDS
        only_text = all(entry.code in DELTA_CODES for write in writes for entry in write.entries)
        return self._relaxed and fresh and only_text and not any(write.changes for write in writes)

    def _note(self, writes: Sequence[Write], *, relaxed: bool) -> None:
        if relaxed:
            self._kept.extend(writes)
        else:
            self._kept.clear()
            self._waited_at = self._clock.monotonic()

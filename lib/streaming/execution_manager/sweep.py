"""Finds live executions nobody holds and gives each a new ticket: at start-up and every few seconds."""

from __future__ import annotations

import logging

from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.ports.execution_store import ExecutionStore
from lib.streaming.ports.job_queue import JobQueue

log = logging.getLogger(__name__)

BATCH = 500


class Sweep:
    """Serve `run()` as a supervised task. Whoever gets the ticket decides: go on, finish, or find it held."""

    def __init__(
        self,
        store: ExecutionStore,
        queue: JobQueue,
        manager: ExecutionManager,
        clock: Clock,
        settings: EngineSettings,
    ) -> None:
        self._store = store
        self._manager = manager
        self._queue = queue
        self._clock = clock
        self._settings = settings

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except StreamingError as error:
                log.warning("the sweep failed and will come again: %s", error.message)
            await self._clock.sleep(self._settings.sweep_seconds)

    async def due(self) -> tuple[int, int]:
        """How many executions nobody holds, and how many that ended are not packed yet; each counted to a limit."""
        return len(await self._store.orphans(BATCH)), len(await self._store.uncompacted(BATCH))

    async def sweep(self) -> None:
        unheld = []
        for orphan in await self._store.orphans(BATCH):
            if orphan.pending and orphan.age_ms > self._settings.queue_timeout * 1000:
                # No worker is free to find that out: end it here.
                await self._manager.finish(orphan.id)
            else:
                unheld.append(orphan.id)
        if unheld:
            await self._queue.submit(*unheld)
        for execution_id in await self._store.uncompacted(BATCH):
            await self._store.compact(execution_id)

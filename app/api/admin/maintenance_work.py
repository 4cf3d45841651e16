"""Work that the service does by itself now and then, asked for at once."""

from __future__ import annotations

import asyncio
from typing import Protocol

from app.db.retention import Due
from lib.streaming.execution_manager.sweep import Sweep
from lib.streaming.supervisor import Supervisor

#: How long who asks is kept waiting; the work goes on by itself.
WAIT_SECONDS = 10.0


class RetentionRuns(Protocol):
    async def due(self) -> Due: ...

    async def run(self) -> Due: ...


class Maintenance:
    """One retention run at a time on this node."""

    def __init__(self, retention: RetentionRuns, sweep: Sweep, supervisor: Supervisor) -> None:
        self.sweep = sweep
        self._retention = retention
        self._supervisor = supervisor
        self._running: asyncio.Future[Due] | None = None

    async def due(self) -> Due:
        return await self._retention.due()

    async def retain(self) -> Due | None:
        """Remove what is due; what was removed, or None if it takes longer than a caller should wait."""
        if self._running is None:
            self._running = asyncio.get_running_loop().create_future()
            self._supervisor.start("retention-run", self._run(self._running))
        running = self._running
        await asyncio.wait({running}, timeout=WAIT_SECONDS)
        return running.result() if running.done() else None

    async def _run(self, outcome: asyncio.Future[Due]) -> None:
        try:
            outcome.set_result(await self._retention.run())
        except BaseException as error:
            outcome.set_exception(error)
            # Who asked may have gone away; the supervisor logs it.
            outcome.exception()
            raise
        finally:
            self._running = None

"""The tickets this process works on, whichever queue they came from."""

from __future__ import annotations

import asyncio
import logging

from lib.streaming.ports.job_queue import Handler, Outcome
from lib.streaming.types import ExecutionId

log = logging.getLogger(__name__)


class TicketsInHand:
    """Calls the handler for each ticket; a handler that raises costs its ticket, never the queue.

    While paused, tickets that still arrive are given back untouched.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._tasks: set[asyncio.Task[object]] = set()
        self.paused = False

    def __len__(self) -> int:
        return len(self._tasks)

    async def work_on(self, execution_id: ExecutionId) -> Outcome:
        task = asyncio.current_task()
        if self.paused or task is None:
            return Outcome.GIVE_BACK
        self._tasks.add(task)
        try:
            return await self._handler(execution_id)
        except Exception:
            log.exception("execution %s lost its ticket because its handler failed", execution_id)
            return Outcome.DONE
        finally:
            self._tasks.discard(task)

    async def cancel(self) -> None:
        """Cancel every handler and wait until it has let go."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

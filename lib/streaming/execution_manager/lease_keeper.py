"""Keeps the leases of a worker: one statement a second, which also brings stops and losses."""

from __future__ import annotations

import logging

from lib.streaming.alarm import Alarm
from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.ports.execution_store import ExecutionStore

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Serve `run()` as a supervised task. When renewing fails until the lease is nearly over, everything is let go."""

    def __init__(
        self, store: ExecutionStore, manager: ExecutionManager, clock: Clock, settings: EngineSettings
    ) -> None:
        self._store = store
        self._manager = manager
        self._clock = clock
        self._settings = settings
        self._renewed = 0.0
        self._alarm = Alarm(clock)

    def look(self) -> None:
        """A stop may have been asked for: renew now, which brings it."""
        self._alarm.ring()

    async def run(self) -> None:
        # Not in the constructor: services are built before there is a loop to ask the time.
        self._renewed = self._clock.monotonic()
        while True:
            await self._alarm.wait(self._settings.renew_seconds)
            await self.renew()

    async def renew(self) -> None:
        held = self._manager.held()
        asked = self._clock.monotonic()
        if not held:
            self._renewed = asked
            return
        try:
            renewal = await self._store.renew(self._manager.worker, held, self._settings.lease_seconds)
        except StreamingError as error:
            log.warning("the leases of %d executions could not be renewed: %s", len(held), error.message)
            self._fence_if_late()
            return
        self._renewed = asked
        for execution_id in renewal.lost:
            self._manager.lose(execution_id)
        for execution_id, by in renewal.cancels.items():
            self._manager.stop(execution_id, by)

    def _fence_if_late(self) -> None:
        """Past the lease another worker may own them: stop before it does."""
        late = self._clock.monotonic() - self._renewed
        if late >= self._settings.lease_seconds - self._settings.renew_seconds:
            for execution_id in self._manager.held():
                self._manager.lose(execution_id)

"""Whether the executions this node owns are watched, on whatever node."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lib.streaming.alarm import Alarm
from lib.streaming.clock import Clock
from lib.streaming.definition import DisconnectKind, DisconnectPolicy
from lib.streaming.errors import StreamingError
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.ports.other_nodes import WatchStore
from lib.streaming.streaming_service.viewers import Viewers
from lib.streaming.types import Epoch, ExecutionId

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
TIDY_SECONDS = 60.0


class Attendance:
    """All viewers of an execution, wherever they are, are one here. Serve `run()` as a supervised task.

    `believe_leases`: whether a node whose lease has lapsed is dead; not so right after the store itself was away.
    """

    def __init__(
        self,
        watches: WatchStore,
        viewers: Viewers,
        manager: ExecutionManager,
        clock: Clock,
        believe_leases: Callable[[], bool],
    ) -> None:
        self._watches = watches
        self._viewers = viewers
        self._manager = manager
        self._clock = clock
        self._believe_leases = believe_leases
        self._judged: dict[tuple[ExecutionId, Epoch], bool] = {}
        self._alarm = Alarm(clock)
        self._tidy_at = 0.0

    def look(self) -> None:
        """Something may have changed."""
        self._alarm.ring()

    async def run(self) -> None:
        while True:
            await self._alarm.wait(LOOK_SECONDS)
            try:
                await self._judge()
                await self._tidy()
            except StreamingError as error:
                log.warning("viewers are counted later: %s", error.message)

    async def _judge(self) -> None:
        owned = {id_: epoch for id_, epoch in self._manager.held().items() if self._depends_on_viewers(id_)}
        for gone in self._judged.keys() - set(owned.items()):
            if self._judged.pop(gone):
                self._viewers.left(gone[0], saw_the_end=True)
        if owned:
            seen = await self._watches.watched(owned, believe_leases=self._believe_leases())
            for execution_id, watched in seen.items():
                self._take(execution_id, owned[execution_id], watched=watched)

    def _take(self, execution_id: ExecutionId, epoch: Epoch, *, watched: bool) -> None:
        if self._manager.held().get(execution_id) != epoch:
            # It ended, or was lost, while the store was asked.
            return
        known = self._judged.get((execution_id, epoch))
        self._judged[execution_id, epoch] = watched
        if watched is known:
            return
        if not known:
            # Also when all have left before this node looked: they came and went.
            self._viewers.arrived(execution_id)
        if not watched:
            self._viewers.left(execution_id, saw_the_end=False)

    def _depends_on_viewers(self, execution_id: ExecutionId) -> bool:
        run = self._manager.find(execution_id)
        return run is not None and DisconnectPolicy.parse(run.claim.on_disconnect).kind is not DisconnectKind.CONTINUE

    async def _tidy(self) -> None:
        now = self._clock.monotonic()
        if now >= self._tidy_at:
            self._tidy_at = now + TIDY_SECONDS
            await self._watches.tidy()

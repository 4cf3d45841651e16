"""Who watches on this node, told to all of them: an execution's last viewer may be anywhere.

Theory of operation. Every node keeps a lease of its own and notes, for each execution watched on it, that it is; when
its last viewer has left, the note stays and says so. So the owner of an execution can judge at any time whether there
was a viewer and whether there still is one (`Attendance`): a node that died takes its viewers along when its lease has
lapsed, and an owner that died leaves to the next one all there is to know. A node that is stopped keeps its notes:
whoever watched there comes back elsewhere within the lease.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable

from lib.streaming.alarm import Alarm
from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError
from lib.streaming.ports.other_nodes import WatchStore
from lib.streaming.types import ExecutionId, WorkerId

log = logging.getLogger(__name__)

KEEP_SECONDS = 1.0


class Audience:
    """Views arrive and leave here. `lease_seconds`: of the node. Serve `run()` as a supervised task.

    `noted` is called after notes of this node were committed.
    """

    def __init__(
        self, watches: WatchStore, node: WorkerId, clock: Clock, lease_seconds: float, noted: Callable[[], None]
    ) -> None:
        self._watches = watches
        self._node = node
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._noted = noted
        self._counts: Counter[ExecutionId] = Counter()
        self._unsaid: dict[ExecutionId, None] = {}
        self._sending_away = False
        self._alarm = Alarm(clock)
        self._keep_at = 0.0
        self._steady_since = math.inf

    def arrived(self, execution_id: ExecutionId) -> None:
        self._counts[execution_id] += 1
        if self._counts[execution_id] == 1:
            self._say(execution_id)

    def left(self, execution_id: ExecutionId, *, saw_the_end: bool) -> None:
        self._counts[execution_id] -= 1
        if self._counts[execution_id] == 0:
            del self._counts[execution_id]
            # Of an execution that has ended nobody will ask.
            if not (saw_the_end or self._sending_away):
                self._say(execution_id)

    def send_away(self) -> None:
        """The node stops: what it has noted stays true for the rest of its lease."""
        self._sending_away = True

    @property
    def leases_are_kept(self) -> bool:
        """Whether the store took leases all the time, so that one that has lapsed means a dead node."""
        return self._clock.monotonic() - self._steady_since >= self._lease_seconds

    async def run(self) -> None:
        while True:
            await self._alarm.wait(max(self._keep_at - self._clock.monotonic(), 0))
            unsaid, self._unsaid = self._unsaid, {}
            try:
                await self._keep()
                await self._note(unsaid)
            except StreamingError as error:
                log.warning("other nodes hear of viewers later: %s", error.message)
                self._unsaid = {**unsaid, **self._unsaid}
                self._steady_since = math.inf

    def _say(self, execution_id: ExecutionId) -> None:
        self._unsaid[execution_id] = None
        self._alarm.ring()

    async def _keep(self) -> None:
        now = self._clock.monotonic()
        if now < self._keep_at:
            return
        self._keep_at = now + KEEP_SECONDS
        if not await self._watches.keep(self._node, self._lease_seconds):
            self._unsaid |= dict.fromkeys(self._counts)
        self._steady_since = min(self._steady_since, now)

    async def _note(self, unsaid: dict[ExecutionId, None]) -> None:
        if unsaid:
            watched = [id_ for id_ in unsaid if id_ in self._counts]
            await self._watches.note(self._node, watched, [id_ for id_ in unsaid if id_ not in self._counts])
            self._noted()

"""A node among others: hears them, and lets them hear of its viewers."""

from __future__ import annotations

from collections.abc import Collection

from lib.streaming.clock import Clock
from lib.streaming.event_log.log import EventLog
from lib.streaming.event_log.relay import Relay
from lib.streaming.execution_manager.lease_keeper import LeaseKeeper
from lib.streaming.execution_manager.manager import ExecutionManager
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.ports.other_nodes import OtherNodes
from lib.streaming.streaming_service.attendance import Attendance
from lib.streaming.streaming_service.audience import Audience
from lib.streaming.streaming_service.viewers import Viewers
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import ExecutionId, Seq

#: A node's lease, in leases of executions: a viewer it has sent away must be able to come back elsewhere within it.
NODE_LEASES = 2


class Neighbours:
    """Implements `Ear`. Whatever a word says is looked up in the store, which is also done without one every second."""

    def __init__(
        self,
        others: OtherNodes,
        events: EventLog,
        manager: ExecutionManager,
        leases: LeaseKeeper,
        viewers: Viewers,
        clock: Clock,
        settings: EngineSettings,
    ) -> None:
        self._wake_ups = others.wake_ups
        self._manager = manager
        self._leases = leases
        self._relay = Relay(events, others.tails, clock)
        self._supervisor = Supervisor(clock)
        self._attendance = Attendance(others.watches, viewers, manager, clock, lambda: self.audience.leases_are_kept)
        lease_seconds = NODE_LEASES * settings.lease_seconds
        self.audience = Audience(others.watches, manager.worker, clock, lease_seconds, self._attendance.look)

    def open(self) -> None:
        self._supervisor.keep("relay", self._relay.run)
        self._supervisor.keep("audience", self.audience.run)
        self._supervisor.keep("attendance", self._attendance.run)
        self._supervisor.keep("wake-ups", lambda: self._wake_ups.listen(self))

    async def close(self) -> None:
        await self._supervisor.close()

    # --- Ear ----------------------------------------------------------------------------------------------------

    def moved(self, newest: Collection[tuple[int, Seq]]) -> None:
        self._relay.moved(newest)

    def stop_asked(self, execution_id: ExecutionId) -> None:
        if self._manager.find(execution_id) is not None:
            self._leases.look()

    def audience_changed(self, execution_id: ExecutionId) -> None:
        if self._manager.find(execution_id) is not None:
            self._attendance.look()

    def missed(self) -> None:
        self._relay.look()
        self._attendance.look()
        self._leases.look()

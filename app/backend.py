"""What a node stands on. The database decides: a file has one node, PostgreSQL may have many."""

from __future__ import annotations

import msgspec

from app.db.database import Storage, configured_storage
from app.db.url import is_postgresql
from app.jobs.memory import MemoryJobQueue
from app.settings import Settings
from lib.streaming.clock import Clock
from lib.streaming.ids import IdFactory
from lib.streaming.ports.job_queue import JobQueue
from lib.streaming.ports.other_nodes import OtherNodes

#: For one statement of the queue or of the ear for other nodes: below the lease, and long for either.
STATEMENT_SECONDS = 4.0


class Backend(msgspec.Struct, frozen=True):
    """`hands`: executions this node may run at once. `others`: the ways to the other nodes; None where there can be none."""

    storage: Storage
    queue: JobQueue
    hands: int
    others: OtherNodes | None = None

    @property
    def alone(self) -> bool:
        return self.others is None


def backend_of(settings: Settings, clock: Clock, new_id: IdFactory) -> Backend:
    """What the settings say, to be built before the event loop; nothing is connected yet."""
    if is_postgresql(settings.database_url):
        return _shared(settings, clock, new_id)
    hands = min(settings.max_running_executions, settings.worker_executions)
    return Backend(configured_storage(settings, clock, new_id), MemoryJobQueue(clock, hands), hands)


def _shared(settings: Settings, clock: Clock, new_id: IdFactory) -> Backend:
    # The driver takes its time to load, and SQLite needs none of it.
    from app.db.postgres.hub import Hub
    from app.db.postgres.plain import connector
    from app.jobs.postgres import PostgresJobQueue
    from app.jobs.ticket_insert import TicketInsert

    connect = connector(settings.database_url, STATEMENT_SECONDS)
    storage = configured_storage(settings, clock, new_id, TicketInsert())
    queue = PostgresJobQueue(
        # A ticket that a crash of the server makes free again is dropped by whoever takes it: the execution is held.
        connector(settings.database_url, STATEMENT_SECONDS, durable=False),
        clock,
        limit=settings.max_running_executions,
        hands=settings.worker_executions,
        lease_seconds=settings.lease_seconds,
    )
    hub = Hub(connect, clock)
    return Backend(storage, queue, settings.worker_executions, OtherNodes(hub, hub, storage.watches))

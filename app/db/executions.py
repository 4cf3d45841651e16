"""Executions in SQL: the engine's `ExecutionStore`. Leases are judged by the database's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from app.db import claims, compaction, log_reader
from app.db.definitions import DefinitionCache
from app.db.port import Announcer, Database, TicketWriter
from app.db.start_groups import StartGroups
from app.db.starts import Start
from lib.streaming.ports.execution_store import (
    Accepted,
    CancelView,
    Claim,
    Claimant,
    NewExecution,
    Orphan,
    Ownership,
    Renewal,
)
from lib.streaming.types import EndedBy, Epoch, ExecutionId, WorkerId


class SqlExecutionStore:
    """`tickets`: makes each new execution's ticket in the transaction that inserts it; without one, submit it.

    `announcer`: tells the other nodes of a stop.
    """

    def __init__(
        self,
        database: Database,
        definitions: DefinitionCache,
        tickets: TicketWriter | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._starts = StartGroups(database, definitions, tickets)
        self._announcer = announcer

    async def create(self, new: NewExecution, claimant: Claimant | None = None) -> Accepted:
        """As the port says; raises also `AssistantNotFound` if the version is gone."""
        return await self._starts.create(Start(new, claimant))

    async def claim(self, execution_id: ExecutionId, worker: WorkerId, lease_seconds: float) -> Claim | None:
        lease_ms = _ms(lease_seconds)
        return await self._database.write(
            lambda connection: claims.claim(connection, execution_id, worker, lease_ms, self._definitions), brief=True
        )

    async def renew(self, worker: WorkerId, held: Mapping[ExecutionId, Epoch], lease_seconds: float) -> Renewal:
        if not held:
            return Renewal(frozenset(), {})
        lease_ms, now_held = _ms(lease_seconds), dict(held)
        return await self._database.write(
            lambda connection: claims.renew(connection, worker, now_held, lease_ms), brief=True
        )

    async def release(self, execution_id: ExecutionId, epoch: Epoch) -> None:
        await self._database.write(lambda connection: claims.release(connection, execution_id, epoch))

    async def request_cancel(self, execution_id: ExecutionId, by: EndedBy) -> CancelView | None:
        def ask(connection: Connection) -> CancelView | None:
            view = claims.request_cancel(connection, execution_id, by)
            if self._announcer is not None and view is not None and view.ownership is Ownership.OWNED:
                self._announcer.stop_asked(connection, execution_id)
            return view

        return await self._database.write(ask, brief=True)

    async def orphans(self, limit: int) -> Sequence[Orphan]:
        return await self._database.read(lambda connection: claims.orphans(connection, limit))

    async def expire_leases(self) -> int:
        return await self._database.write(claims.expire_leases)

    async def uncompacted(self, limit: int) -> Sequence[ExecutionId]:
        return await self._database.read(lambda connection: compaction.uncompacted(connection, limit))

    async def compact(self, execution_id: ExecutionId) -> None:
        """Does nothing to a live execution, or to one that is packed already."""
        handle = await self._database.read_one(
            lambda connection: log_reader.handle(connection, execution_id, self._definitions)
        )
        if handle is None or not handle.terminal:
            return
        key, prompt_ids = handle.key, handle.context.prompt_ids
        # All of its deltas: no brief read, though they never change.
        unpacked = await self._database.read(lambda connection: compaction.load(connection, key, prompt_ids))
        # Packed outside a transaction and off the event loop: nobody waits for zlib.
        strands = await asyncio.to_thread(unpacked.pack)
        await self._database.write(lambda connection: compaction.apply(connection, key, strands))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

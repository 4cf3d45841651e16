"""Executions in SQL: the engine's `ExecutionStore`. Leases are judged by the database's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from app.db import claims, compaction, log_reader, starts
from app.db.definitions import DefinitionCache
from app.db.port import Database
from lib.streaming.ports.execution_store import Accepted, CancelView, Claim, NewExecution, Orphan, Renewal
from lib.streaming.types import EndedBy, Epoch, ExecutionId, WorkerId


class SqlExecutionStore:
    def __init__(self, database: Database, definitions: DefinitionCache) -> None:
        self._database = database
        self._definitions = definitions

    async def create(self, new: NewExecution) -> Accepted:
        """As the port says; raises also `AssistantNotFound` if the version is gone."""
        return await self._database.write(lambda connection: starts.create(connection, new, self._definitions))

    async def claim(self, execution_id: ExecutionId, worker: WorkerId, lease_seconds: float) -> Claim | None:
        lease_ms = _ms(lease_seconds)
        return await self._database.write(
            lambda connection: claims.claim(connection, execution_id, worker, lease_ms, self._definitions)
        )

    async def renew(self, worker: WorkerId, held: Mapping[ExecutionId, Epoch], lease_seconds: float) -> Renewal:
        if not held:
            return Renewal(frozenset(), {})
        lease_ms, now_held = _ms(lease_seconds), dict(held)
        return await self._database.write(lambda connection: claims.renew(connection, worker, now_held, lease_ms))

    async def release(self, execution_id: ExecutionId, epoch: Epoch) -> None:
        await self._database.write(lambda connection: claims.release(connection, execution_id, epoch))

    async def request_cancel(self, execution_id: ExecutionId, by: EndedBy) -> CancelView | None:
        return await self._database.write(lambda connection: claims.request_cancel(connection, execution_id, by))

    async def orphans(self, limit: int) -> Sequence[Orphan]:
        return await self._database.read(lambda connection: claims.orphans(connection, limit))

    async def expire_leases(self) -> int:
        return await self._database.write(claims.expire_leases)

    async def uncompacted(self, limit: int) -> Sequence[ExecutionId]:
        return await self._database.read(lambda connection: compaction.uncompacted(connection, limit))

    async def compact(self, execution_id: ExecutionId) -> None:
        """Does nothing to a live execution, or to one that is packed already."""
        handle = await self._database.read(
            lambda connection: log_reader.handle(connection, execution_id, self._definitions)
        )
        if handle is None or not handle.terminal:
            return
        key, prompt_ids = handle.key, handle.context.prompt_ids
        unpacked = await self._database.read(lambda connection: compaction.load(connection, key, prompt_ids))
        # Packed outside a transaction and off the event loop: nobody waits for zlib.
        strands = await asyncio.to_thread(unpacked.pack)
        await self._database.write(lambda connection: compaction.apply(connection, key, strands))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

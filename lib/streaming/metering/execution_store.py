"""An execution store that counts leases lost, takeovers, and what the sweep finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.streaming.metering.engine_figures import EngineFigures
from lib.streaming.ports.execution_store import (
    Accepted,
    CancelView,
    Claim,
    Claimant,
    ExecutionStore,
    NewExecution,
    Orphan,
    Renewal,
)
from lib.streaming.types import EndedBy, Epoch, ExecutionId, WorkerId


class MeteredExecutionStore:
    """An `ExecutionStore` over another one."""

    def __init__(self, store: ExecutionStore, figures: EngineFigures) -> None:
        self._store = store
        self._figures = figures

    async def create(self, new: NewExecution, claimant: Claimant | None = None) -> Accepted:
        return await self._store.create(new, claimant)

    async def claim(self, execution_id: ExecutionId, worker: WorkerId, lease_seconds: float) -> Claim | None:
        claim = await self._store.claim(execution_id, worker, lease_seconds)
        if claim is not None and claim.epoch > 1:
            self._figures.takeovers += 1
        return claim

    async def renew(self, worker: WorkerId, held: Mapping[ExecutionId, Epoch], lease_seconds: float) -> Renewal:
        renewal = await self._store.renew(worker, held, lease_seconds)
        self._figures.leases_lost += len(renewal.lost)
        return renewal

    async def release(self, execution_id: ExecutionId, epoch: Epoch) -> None:
        await self._store.release(execution_id, epoch)

    async def request_cancel(self, execution_id: ExecutionId, by: EndedBy) -> CancelView | None:
        return await self._store.request_cancel(execution_id, by)

    async def orphans(self, limit: int) -> Sequence[Orphan]:
        orphans = await self._store.orphans(limit)
        # One that waits for its first worker is in the queue, not lost.
        self._figures.sweep_finds += sum(not orphan.pending for orphan in orphans)
        return orphans

    async def expire_leases(self) -> int:
        return await self._store.expire_leases()

    async def uncompacted(self, limit: int) -> Sequence[ExecutionId]:
        return await self._store.uncompacted(limit)

    async def compact(self, execution_id: ExecutionId) -> None:
        await self._store.compact(execution_id)

"""A store whose commits a test can hold back, or have fail."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from lib.streaming.clock import Clock
from lib.streaming.memory_store import MemoryStore
from lib.streaming.ports.execution_store import Claim
from lib.streaming.ports.log_store import Write
from lib.streaming.types import ExecutionId, WorkerId


class SlowStore(MemoryStore):
    """Commits only when the test lets it, and fails when told to. So are claims answered."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.gate = asyncio.Event()
        self.gate.set()
        self.answers = asyncio.Event()
        self.answers.set()
        self.failures: list[Exception] = []
        self.commits: list[int] = []

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.commits.append(sum(len(write.entries) for write in writes))
        return await super().commit(writes)

    async def claim(self, execution_id: ExecutionId, worker: WorkerId, lease_seconds: float) -> Claim | None:
        claim = await super().claim(execution_id, worker, lease_seconds)
        await self.answers.wait()
        return claim

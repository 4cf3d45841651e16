"""What is particular about the queue in memory."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pgqueuer import InMemoryQueries, Job
from pgqueuer.domain.settings import db_settings
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter

from app.jobs import memory
from app.jobs.memory import MemoryJobQueue, memory_queries
from lib.streaming.clock import SystemClock
from lib.streaming.ports.job_queue import Outcome
from lib.streaming.types import ExecutionId
from tests.support.fake_clock import FakeClock, settle

pytestmark = pytest.mark.timeout(20)


async def run_through(queue: MemoryJobQueue, count: int) -> None:
    left = asyncio.Semaphore(0)

    async def handler(_: ExecutionId) -> Outcome:
        left.release()
        return Outcome.DONE

    await queue.open(handler)
    for number in range(count):
        await queue.submit(ExecutionId(f"execution-{number}"))
    for _ in range(count):
        await left.acquire()


async def test_the_log_of_tickets_does_not_grow_for_ever() -> None:
    queries = memory_queries()
    queue = MemoryJobQueue(SystemClock(), queries=queries)
    await run_through(queue, 5 * memory.STEPS_PER_TRIM)
    await queue.close()
    assert len(await queries.queue_log()) <= 3 * memory.STEPS_PER_TRIM
    assert await queries.queue_size() == []


async def test_common_environment_variables_do_not_reach_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANNEL", "FUNCTION", "TRIGGER", "DURABILITY", "PGQUEUER_PREFIX", "PGQUEUER_SCHEMA", "QUEUE_TABLE"):
        monkeypatch.setenv(name, "no; name")
    db_settings.cache_clear()
    queue = MemoryJobQueue(SystemClock())
    await run_through(queue, 1)
    await queue.close()


async def test_a_fault_inside_the_queue_is_survived() -> None:
    class FailsOnce(InMemoryQueries):
        faults = 1

        async def dequeue(
            self,
            batch_size: int,
            entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
            queue_manager_id: QueueManagerId,
            global_concurrency_limit: int | None,
            heartbeat_timeout: timedelta,
        ) -> list[Job]:
            if self.faults:
                self.faults -= 1
                raise RuntimeError("a fault")
            return await super().dequeue(
                batch_size, entrypoints, queue_manager_id, global_concurrency_limit, heartbeat_timeout
            )

    plain, clock = memory_queries(), FakeClock()
    queries = FailsOnce(driver=plain.driver, qbe=plain.qbe, qbq=plain.qbq, qbs=plain.qbs)
    queue = MemoryJobQueue(clock, queries=queries)
    started = asyncio.create_task(run_through(queue, 1))
    await settle()
    assert not started.done()
    await clock.advance(memory.RESTART_SECONDS)
    await started
    await queue.close()


async def test_closing_does_not_wait_for_a_restart() -> None:
    class AlwaysFails(InMemoryQueries):
        async def eligible_queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
            raise RuntimeError("a fault")

    plain = memory_queries()
    queries = AlwaysFails(driver=plain.driver, qbe=plain.qbe, qbq=plain.qbq, qbs=plain.qbs)
    queue = MemoryJobQueue(FakeClock(), queries=queries)
    await run_through(queue, 0)
    await settle()
    await queue.close()

"""What every queue adapter promises. A new adapter joins by adding itself to `ADAPTERS`."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable

import pytest

from app.jobs.memory import MemoryJobQueue
from app.jobs.postgres import PostgresJobQueue
from lib.streaming.clock import SystemClock
from lib.streaming.ports.job_queue import JobQueue, Outcome, QueueStats
from lib.streaming.types import ExecutionId


def in_memory(_: pytest.FixtureRequest, concurrency: int) -> JobQueue:
    return MemoryJobQueue(SystemClock(), concurrency)


def on_postgres(request: pytest.FixtureRequest, concurrency: int) -> JobQueue:
    return PostgresJobQueue(request.getfixturevalue("connect"), SystemClock(), limit=concurrency)


ADAPTERS: dict[str, Callable[[pytest.FixtureRequest, int], JobQueue]] = {
    "memory": in_memory,
    "postgres": on_postgres,
}
CONCURRENCY = 3

pytestmark = pytest.mark.timeout(20)


class Handler:
    """Records every call. Ids that start with `held` wait until `release`; `failing` ones raise."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.outcomes: dict[str, list[Outcome]] = {}
        self.running = 0
        self.most_running = 0
        self.cancelled: list[str] = []
        self.release = asyncio.Event()
        self._changed = asyncio.Condition()

    async def __call__(self, execution_id: ExecutionId) -> Outcome:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self._note(execution_id)
        try:
            if execution_id.startswith("held"):
                await self.release.wait()
            if execution_id.startswith("failing"):
                raise RuntimeError("the handler broke")
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            self.cancelled.append(execution_id)
            raise
        finally:
            self.running -= 1
        planned = self.outcomes.get(execution_id, [])
        return planned.pop(0) if planned else Outcome.DONE

    async def called(self, execution_id: str, times: int = 1) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.calls.count(execution_id) >= times)

    async def _note(self, execution_id: str) -> None:
        async with self._changed:
            self.calls.append(execution_id)
            self._changed.notify_all()


@pytest.fixture(params=ADAPTERS)
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[JobQueue]:
    queue = ADAPTERS[request.param](request, CONCURRENCY)
    yield queue
    await queue.close()


@pytest.fixture
async def handler() -> Handler:
    return Handler()


async def submit(queue: JobQueue, *execution_ids: str) -> None:
    for execution_id in execution_ids:
        await queue.submit(ExecutionId(execution_id))


async def test_a_submitted_execution_reaches_the_handler(queue: JobQueue, handler: Handler) -> None:
    await queue.open(handler)
    await submit(queue, "a")
    await handler.called("a")


async def test_tickets_submitted_before_opening_wait_for_a_worker(queue: JobQueue, handler: Handler) -> None:
    await submit(queue, "a", "b")
    await queue.open(handler)
    await handler.called("b")
    assert handler.calls == ["a", "b"]


async def test_without_a_handler_tickets_only_wait(queue: JobQueue) -> None:
    await queue.open(None)
    await submit(queue, "a", "b")
    assert await queue.stats() == QueueStats(queued=2, running=0)


async def test_submitting_again_while_a_ticket_waits_is_harmless(queue: JobQueue, handler: Handler) -> None:
    await submit(queue, "a", "a", "last")
    await queue.open(handler)
    await handler.called("last")
    assert handler.calls == ["a", "last"]


async def test_submitting_again_while_a_ticket_runs_is_harmless(queue: JobQueue, handler: Handler) -> None:
    await queue.open(handler)
    await submit(queue, "held")
    await handler.called("held")
    await submit(queue, "held", "last")
    await handler.called("last")
    assert handler.calls == ["held", "last"]


async def test_a_finished_execution_may_get_a_new_ticket(queue: JobQueue, handler: Handler) -> None:
    await queue.open(handler)
    await submit(queue, "a")
    await handler.called("a")
    await until_idle(queue)
    await submit(queue, "a")
    await handler.called("a", times=2)


async def test_handlers_run_side_by_side_up_to_the_limit(queue: JobQueue, handler: Handler) -> None:
    await queue.open(handler)
    await submit(queue, *(f"held-{number}" for number in range(CONCURRENCY + 2)))
    await handler.called(f"held-{CONCURRENCY - 1}")
    assert await queue.stats() == QueueStats(queued=2, running=CONCURRENCY)
    handler.release.set()
    await handler.called(f"held-{CONCURRENCY + 1}")
    assert handler.most_running == CONCURRENCY


async def test_a_ticket_given_back_is_offered_again_at_once(queue: JobQueue, handler: Handler) -> None:
    handler.outcomes["a"] = [Outcome.GIVE_BACK, Outcome.GIVE_BACK]
    await queue.open(handler)
    await submit(queue, "a")
    await handler.called("a", times=3)
    await until_idle(queue)
    assert handler.calls == ["a"] * 3


async def test_a_failing_handler_costs_its_ticket_and_nothing_else(
    queue: JobQueue, handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    await queue.open(handler)
    with caplog.at_level(logging.ERROR):
        await submit(queue, "failing", "next")
        await handler.called("next")
        await until_idle(queue)
    assert handler.calls == ["failing", "next"]
    assert [record.getMessage() for record in caplog.records] == [
        "execution failing lost its ticket because its handler failed"
    ]


async def test_a_handler_that_ends_cancelled_costs_its_ticket_and_nothing_else(queue: JobQueue) -> None:
    calls: list[str] = []
    last = asyncio.Event()

    async def cancelled_inside(execution_id: ExecutionId) -> Outcome:
        calls.append(execution_id)
        if execution_id == "last":
            last.set()
            return Outcome.DONE
        raise asyncio.CancelledError

    await queue.open(cancelled_inside)
    await submit(queue, "a", "last")
    await last.wait()
    await until_idle(queue)
    assert calls == ["a", "last"]


async def test_paused_it_takes_no_more_and_what_is_in_hand_goes_on(queue: JobQueue, handler: Handler) -> None:
    await queue.open(handler)
    await submit(queue, "held")
    await handler.called("held")
    await queue.pause()
    await submit(queue, "later")
    handler.release.set()
    await until(queue, QueueStats(queued=1, running=0))
    assert (handler.calls, handler.cancelled) == (["held"], [])


async def test_a_ticket_given_back_while_paused_waits(queue: JobQueue, handler: Handler) -> None:
    handler.outcomes["held"] = [Outcome.GIVE_BACK]
    await queue.open(handler)
    await submit(queue, "held")
    await handler.called("held")
    await queue.pause()
    handler.release.set()
    await until(queue, QueueStats(queued=1, running=0))
    assert handler.calls == ["held"]


async def test_closing_cancels_what_is_in_hand_and_waits_until_it_has_let_go(queue: JobQueue, handler: Handler) -> None:
    await queue.open(handler)
    await submit(queue, "held-1", "held-2")
    await handler.called("held-2")
    await queue.close()
    assert (sorted(handler.cancelled), handler.running) == (["held-1", "held-2"], 0)


async def test_closing_leaves_no_task_behind_and_may_be_repeated(queue: JobQueue, handler: Handler) -> None:
    before = asyncio.all_tasks()
    await queue.open(handler)
    await submit(queue, "a", "held")
    await handler.called("held")
    await queue.close()
    await queue.close()
    assert asyncio.all_tasks() == before


async def test_a_queue_never_opened_closes(queue: JobQueue) -> None:
    await queue.close()


async def test_it_leaves_the_signals_of_the_process_alone(queue: JobQueue, handler: Handler) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    await queue.open(handler)
    await submit(queue, "a")
    await handler.called("a")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def until(queue: JobQueue, stats: QueueStats) -> None:
    async with asyncio.timeout(10):
        while await queue.stats() != stats:  # noqa: ASYNC110 -- a queue tells nobody that it is idle
            await asyncio.sleep(0)


async def until_idle(queue: JobQueue) -> None:
    await until(queue, QueueStats(queued=0, running=0))

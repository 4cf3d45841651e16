"""Whatever ends an execution at the same moment as something else: it ends once, and what is stored is what was told."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from lib.streaming.errors import UpstreamFailure
from lib.streaming.execution_manager.receipt import CancelReceipt, StopOutcome
from lib.streaming.memory_rows import ExecutionRow
from lib.streaming.memory_store import MemoryStore
from lib.streaming.ports.log_store import ExecutionEnded, RowChange
from lib.streaming.sse_events.vocabulary import ExecutionFinished
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus, WorkerId
from tests.support.engine import Engine, chain
from tests.support.fake_clock import FakeClock, settle

RACES = 800
MOST_TURNS = 12
LIMIT_SECONDS = 60.0


class CountingStore(MemoryStore):
    """Counts how often each execution was ended."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.ends: Counter[ExecutionId] = Counter()

    def _apply(self, row: ExecutionRow, change: RowChange) -> None:
        self.ends[row.new.id] += isinstance(change, ExecutionEnded)
        super()._apply(row, change)


class Race:
    """One execution in the middle of its answer, and all that may end it."""

    def __init__(self, engine: Engine, number: int, rng: random.Random) -> None:
        self.engine = engine
        self.id = ExecutionId(f"run-{number}")
        self.receipts: list[CancelReceipt | None] = []
        self._rng = rng

    async def run(self) -> None:
        await self.engine.start(chain("a", timeout_seconds=LIMIT_SECONDS), id=self.id)
        self.stream = self.engine.provider.streams[-1]
        await self.stream.text("so far")
        ends: list[Callable[[], Awaitable[None]]] = [
            self.finish, self.fail, self.stop, self.stop_as_admin, self.run_out_of_time, self.lose_the_lease,
        ]  # fmt: skip
        chosen = self._rng.sample(ends, self._rng.randrange(2, 5))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._at_some_point(end)) for end in chosen]
            await settle(MOST_TURNS)
            while not all(task.done() for task in tasks):
                # A stop waits a while for an owner that is somewhere else.
                await self.engine.clock.advance(0.5)
        await self._until_ended()

    async def _at_some_point(self, end: Callable[[], Awaitable[None]]) -> None:
        for _ in range(self._rng.randrange(MOST_TURNS)):
            await asyncio.sleep(0)
        await end()

    async def finish(self) -> None:
        await self.stream.finish()

    async def fail(self) -> None:
        await self.stream.fail(UpstreamFailure("cut", code="upstream_disconnected"))

    async def stop(self) -> None:
        self.receipts.append(await self.engine.service.cancel(self.id, EndedBy.USER))

    async def stop_as_admin(self) -> None:
        self.receipts.append(await self.engine.service.cancel(self.id, EndedBy.ADMIN))

    async def run_out_of_time(self) -> None:
        run = self.engine.service.manager.find(self.id)
        if run is not None:
            run._end(run._out_of_time())

    async def lose_the_lease(self) -> None:
        """Another worker takes it and dies."""
        self.engine.store.rows[self.id].lease_until = 0.0
        await self.engine.store.claim(self.id, WorkerId("thief"), 1.0)

    async def _until_ended(self) -> None:
        """What was lost is swept up, and answers the second time."""
        for _ in range(4):
            await settle()
            if self.engine.row(self.id).status.terminal:
                return
            await self.engine.clock.advance(4)
            if (again := self.engine.provider.streams[-1]) is not self.stream and again.open:
                await again.text("again")
                await again.finish()


async def test_ends_that_race_leave_one_end_that_equals_its_row() -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    clock = FakeClock()
    store = CountingStore(clock)
    outcomes: Counter[ExecutionStatus] = Counter()
    async with Engine(store=store, clock=clock) as engine:
        for number in range(RACES):
            race = Race(engine, number, rng)
            await race.run()
            row, events, where = engine.row(race.id), engine.events(race.id), f"seed {seed}, race {number}"
            last = events[-1]
            assert row.ended is not None, where
            assert isinstance(last, ExecutionFinished), where
            assert (last.status, last.code, last.ended_by) == (row.status, row.ended.code, row.ended.ended_by), where
            assert (store.ends[race.id], engine.problems(race.id)) == (1, []), where
            shown = engine.text("a", race.id)
            (stored,) = [a.ended.output for a in list(row.attempts.values())[-1:] if a.ended]
            assert shown == stored, where
            for receipt in race.receipts:
                assert receipt is not None, where
                cancelled = row.status is ExecutionStatus.CANCELLED
                assert receipt.outcome in (StopOutcome.ALREADY_FINISHED, StopOutcome.OWNER_LOST) or cancelled, where
            outcomes[row.status] += 1
            del store.rows[race.id]
        await settle()
        assert engine.provider.open_streams == 0
    assert set(outcomes) == {
        ExecutionStatus.COMPLETED,
        ExecutionStatus.FAILED,
        ExecutionStatus.CANCELLED,
        ExecutionStatus.TIMED_OUT,
    }, outcomes

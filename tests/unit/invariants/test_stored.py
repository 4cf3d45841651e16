"""Every way in which stored executions can be wrong is told, each broken once by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db.database import Storage
from lib.streaming.sse_events.vocabulary import ExecutionStarted
from lib.streaming.types import AssistantId, Epoch
from tests.support.database import open_storage
from tests.support.fake_clock import FakeClock
from tests.support.invariants.stored import StoredExecutions
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Owner
from tests.support.tampering import tamper

LAST = "(SELECT max(seq) FROM events)"
TERMINAL = f"SELECT execution_key, seq + 1, code, at_ms, data FROM events WHERE seq = {LAST}"
ENDED_BY_HAND = "UPDATE executions SET status = 'completed', ended_by = 'engine', duration_ms = 1"


class Bench:
    """A database and what is said of it."""

    def __init__(self, storage: Storage, file: Path) -> None:
        self.storage = storage
        self.stored = StoredExecutions(f"sqlite:///{file}")
        self._file = file

    async def live(self) -> Owner:
        owner = await sql_stores(self.storage, FakeClock()).own()
        await owner.commit(ExecutionStarted(AssistantId("any"), "Two prompts", 1, 2, Epoch(1)))
        await owner.begin("draft")
        await owner.commit(Delta(0, 1, "some "), Delta(0, 1, "hm", reasoning=True), Delta(0, 1, "text"))
        return owner

    async def ended(self) -> None:
        owner = await self.live()
        await owner.finish_prompt("draft", output="some text", reasoning="hm")
        await owner.end()

    def tamper(self, statement: str) -> None:
        tamper(self._file, statement)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    storage = await open_storage(tmp_path, FakeClock())
    yield Bench(storage, tmp_path / "test.db")
    await storage.close()


async def test_a_sound_execution_has_no_problem_now_or_later(bench: Bench) -> None:
    await bench.ended()
    assert await bench.stored.problems() == []
    assert await bench.stored.problems() == []


BROKEN = {
    "a gap": ("DELETE FROM events WHERE seq = 4", 3, "number 5 follows 3"),
    "a second end": (f"INSERT INTO events {TERMINAL}", 2, "has 2 terminal events"),
    "no end": (f"DELETE FROM events WHERE seq = {LAST}", 2, "has 0 terminal events"),
    "another status than the event's": ("UPDATE executions SET status = 'cancelled'", 2, "the row says"),
    "another code than the event's": ("UPDATE executions SET code = 'other'", 2, "the row says"),
    "another cost than the event's": ("UPDATE executions SET cost_nano = 1", 2, "the row says"),
    "another reason than the event's": ("UPDATE executions SET ended_by = 'user'", 2, "the row says"),
    "an attempt still live": ("UPDATE prompt_results SET status = 'running'", 1, "is live under an ended row"),
    "other text": ("UPDATE prompt_results SET output = CAST('some tex' AS BLOB)", 3, "other text than was sent"),
    "other reasoning": ("UPDATE prompt_results SET reasoning = CAST('' AS BLOB)", 3, "other text than was sent"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_broken_in_an_ended_execution_is_told(bench: Bench, name: str) -> None:
    statement, invariant, words = BROKEN[name]
    await bench.ended()
    bench.tamper(statement)
    problems = await bench.stored.problems()
    assert any(problem.invariant == invariant and words in problem.words for problem in problems), problems


@pytest.mark.parametrize("change", ["finished_ms = 1", "total_tokens = 7", "message = CAST('x' AS BLOB)"])
async def test_an_end_that_changes_afterwards_is_told(bench: Bench, change: str) -> None:
    await bench.ended()
    assert await bench.stored.problems() == []
    bench.tamper(f"UPDATE executions SET {change}")
    (problem,) = await bench.stored.problems()
    assert (problem.invariant, "had ended and was changed" in problem.words) == (2, True)


async def test_an_ended_execution_that_lives_again_is_told(bench: Bench) -> None:
    await bench.ended()
    assert await bench.stored.problems() == []
    bench.tamper("UPDATE executions SET status = 'pending'")
    (problem,) = await bench.stored.problems(settled=False)
    assert (problem.invariant, "lives again" in problem.words) == (2, True)


async def test_a_live_execution_is_a_problem_once_all_was_awaited(bench: Bench) -> None:
    await bench.live()
    bench.tamper("UPDATE executions SET lease_until_ms = 9000000000000")
    assert await bench.stored.problems(settled=False) == []
    (problem,) = await bench.stored.problems()
    assert (problem.invariant, problem.words.endswith("is running")) == (1, True)


async def test_a_live_execution_without_a_lease_is_always_a_problem(bench: Bench) -> None:
    await bench.live()
    bench.tamper("UPDATE executions SET lease_until_ms = 1")
    (problem,) = await bench.stored.problems(settled=False)
    assert (problem.invariant, problem.words.endswith("runs without a lease")) == (1, True)

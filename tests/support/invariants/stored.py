"""What must hold of stored executions: leases, one end, numbers, text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from app.db.database import Storage, open_database
from app.settings.model import DATABASE_FILE
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from lib.streaming.pricing import dollars
from lib.streaming.sse_events.log_entry import unpack
from lib.streaming.sse_events.order import OrderChecker
from lib.streaming.sse_events.vocabulary import EventCode, ExecutionFinished
from lib.streaming.types import ExecutionId, ExecutionStatus, Seq

_LIVE = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING)
#: What a row says once it has ended. `compacted` is about how its events are kept.
_ENDED_COLUMNS = (
    "status, epoch, ended_by, code, message, input_tokens, output_tokens, total_tokens, cost_nano, duration_ms,"
    " finished_ms"
)

Text = dict[tuple[str, int, int], list[str]]


class Broken(NamedTuple):
    """The number of an invariant, and how it is broken."""

    invariant: int
    words: str


class StoredExecutions:
    """Knows what it has seen ended, and reads the events of each execution once."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._ended: dict[str, tuple[object, ...]] = {}

    async def problems(self, *, settled: bool = True) -> list[Broken]:
        """Every broken rule. `settled`: everything was awaited, so nothing may be live any more."""
        clock = SystemClock()
        storage = await open_database(self._url, clock, Uuid7Factory(clock.now_ms))
        try:
            found: list[Broken] = []
            for row in await _query(storage, f"SELECT id, lease_until_ms, {_ENDED_COLUMNS} FROM executions"):
                found += await self._row_problems(storage, row, clock.now_ms(), settled=settled)
            return found + await _live_attempts(storage)
        finally:
            await storage.close()

    async def _row_problems(self, storage: Storage, row: Any, now_ms: int, *, settled: bool) -> list[Broken]:
        name, status, told = row.id, ExecutionStatus(row.status), tuple(row)[2:]
        if status in _LIVE:
            lapsed = status is ExecutionStatus.RUNNING and row.lease_until_ms <= now_ms
            words = f"{name} runs without a lease" if lapsed else f"{name} is {status}"
            revived = [Broken(2, f"{name} had ended and lives again")] if name in self._ended else []
            return [Broken(1, words), *revived] if settled or lapsed else revived
        before = self._ended.setdefault(name, told)
        if before is told:
            return await _event_problems(storage, row)
        return [] if before == told else [Broken(2, f"{name} had ended and was changed: {before} became {told}")]


async def broken_invariants(where: Path | str, *, settled: bool = True) -> list[str]:
    """Every broken rule of a data directory or the URL of a database, in words."""
    url = where if isinstance(where, str) else f"sqlite:///{where / DATABASE_FILE}"
    return [problem.words for problem in await StoredExecutions(url).problems(settled=settled)]


async def _query(storage: Storage, statement: str) -> list[Any]:
    return await storage.database.read(lambda connection: list(connection.execute(text(statement))))


async def _live_attempts(storage: Storage) -> list[Broken]:
    rows = await _query(
        storage,
        "SELECT e.id, p.prompt_id FROM prompt_results p JOIN executions e ON e.key = p.execution_key"
        " WHERE p.status IN ('pending', 'running') AND e.status NOT IN ('pending', 'running')",
    )
    return [Broken(1, f"{row.id}: prompt {row.prompt_id} is live under an ended row") for row in rows]


async def _event_problems(storage: Storage, row: Any) -> list[Broken]:
    name = row.id
    handle = await storage.log_store.handle(ExecutionId(name))
    assert handle is not None
    checker, shown, ends, last = OrderChecker(), Text(), 0, None
    for entry in await storage.log_store.read(handle, Seq(0), 1_000_000):
        last = unpack(entry, handle.context)
        prompt, attempt = getattr(last, "prompt_id", None), getattr(last, "attempt", 0)
        checker.feed(entry.seq, EventCode(entry.code), prompt, attempt)
        ends += isinstance(last, ExecutionFinished)
        if prompt is not None and entry.code in (EventCode.PROMPT_DELTA, EventCode.PROMPT_REASONING):
            shown.setdefault((prompt, attempt, entry.code), []).append(getattr(last, "text", ""))
    problems = [Broken(3, f"{name}: {problem}") for problem in checker.finish()]
    problems += [Broken(2, f"{name} has {ends} terminal events")] if ends != 1 else []
    return problems + _end_problems(row, last) + await _text_problems(storage, name, shown)


def _end_problems(row: Any, last: object) -> list[Broken]:
    cost = None if row.cost_nano is None else dollars(row.cost_nano)
    said = (row.status, row.ended_by, row.code, row.message, row.duration_ms, cost)
    if isinstance(last, ExecutionFinished):
        shown = (last.status.value, last.ended_by.value, last.code, last.message, last.duration_ms, last.cost)
        if tuple(value.decode() if isinstance(value, bytes) else value for value in said) == shown:
            return []
    return [Broken(2, f"{row.id}: the row says {said}, the last event {last}")]


async def _text_problems(storage: Storage, name: str, shown: Text) -> list[Broken]:
    """Text sent and text stored are the same, attempt by attempt."""
    record = await storage.executions.record(ExecutionId(name))
    assert record is not None
    return [
        Broken(3, f"{name}: {prompt.prompt_id} attempt {attempt.attempt} stores other text than was sent")
        for prompt in record.prompts
        for attempt in prompt.attempts
        for code, kept in ((EventCode.PROMPT_DELTA, attempt.output), (EventCode.PROMPT_REASONING, attempt.reasoning))
        if kept != "".join(shown.get((prompt.prompt_id, attempt.attempt, code), ()))
    ]

"""What must hold of stored executions: leases, one end, numbers, text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import NamedTuple

from app.db.database import Storage, open_database
from app.db.url import sqlite_path
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from lib.streaming.sse_events.log_entry import unpack
from lib.streaming.sse_events.order import OrderChecker
from lib.streaming.sse_events.vocabulary import EventCode, ExecutionFinished
from lib.streaming.types import ExecutionId, ExecutionStatus, Seq

_LIVE = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING)
#: What a row says once it has ended. `compacted` is about how its events are kept.
_ENDED_COLUMNS = (
    "status, epoch, ended_by, code, message, input_tokens, output_tokens, total_tokens, duration_ms, finished_ms"
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
            for row in self._rows():
                found += await self._row_problems(storage, row, clock.now_ms(), settled=settled)
            return found + self._live_attempts()
        finally:
            await storage.close()

    def _rows(self) -> list[sqlite3.Row]:
        return self._query(f"SELECT id, lease_until_ms, {_ENDED_COLUMNS} FROM executions")

    def _live_attempts(self) -> list[Broken]:
        rows = self._query(
            "SELECT e.id, p.prompt_id FROM prompt_results p JOIN executions e ON e.key = p.execution_key"
            " WHERE p.status IN ('pending', 'running') AND e.status NOT IN ('pending', 'running')"
        )
        return [Broken(1, f"{execution}: prompt {prompt} is live under an ended row") for execution, prompt in rows]

    def _query(self, statement: str) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(sqlite_path(self._url))) as database:
            database.row_factory = sqlite3.Row
            return list(database.execute(statement))

    async def _row_problems(self, storage: Storage, row: sqlite3.Row, now_ms: int, *, settled: bool) -> list[Broken]:
        name, status, told = row["id"], ExecutionStatus(row["status"]), tuple(row)[2:]
        if status in _LIVE:
            lapsed = status is ExecutionStatus.RUNNING and row["lease_until_ms"] <= now_ms
            words = f"{name} runs without a lease" if lapsed else f"{name} is {status}"
            revived = [Broken(2, f"{name} had ended and lives again")] if name in self._ended else []
            return [Broken(1, words), *revived] if settled or lapsed else revived
        before = self._ended.setdefault(name, told)
        if before is told:
            return await _event_problems(storage, row)
        return [] if before == told else [Broken(2, f"{name} had ended and was changed: {before} became {told}")]


async def _event_problems(storage: Storage, row: sqlite3.Row) -> list[Broken]:
    name = row["id"]
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


def _end_problems(row: sqlite3.Row, last: object) -> list[Broken]:
    said = tuple(row[column] for column in ("status", "ended_by", "code", "message", "duration_ms"))
    if isinstance(last, ExecutionFinished):
        shown = (last.status.value, last.ended_by.value, last.code, last.message, last.duration_ms)
        if tuple(value.decode() if isinstance(value, bytes) else value for value in said) == shown:
            return []
    return [Broken(2, f"{row['id']}: the row says {said}, the last event {last}")]


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

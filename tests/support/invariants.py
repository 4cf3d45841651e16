"""What must hold of a database whatever happened to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from app.db.database import Storage, open_database
from app.db.tables import executions
from app.settings.model import DATABASE_FILE
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from lib.streaming.sse_events.log_entry import unpack
from lib.streaming.sse_events.order import OrderChecker
from lib.streaming.sse_events.vocabulary import EventCode, ExecutionFinished
from lib.streaming.types import ExecutionId, ExecutionStatus, Seq


async def broken_invariants(where: Path | str, *, settled: bool = True) -> list[str]:
    """Every broken rule, in words: numbers without a gap, one terminal event equal to the row, leases, order.

    `where`: a data directory, or the URL of a database. `settled`: everything was awaited, so nothing may be live any
    more.
    """
    url = where if isinstance(where, str) else f"sqlite:///{where / DATABASE_FILE}"
    clock = SystemClock()
    storage = await open_database(url, clock, Uuid7Factory(clock.now_ms))
    try:
        problems: list[str] = []
        for row in await _rows(storage):
            problems += await _problems(storage, row, clock.now_ms(), settled=settled)
        return problems + await _orphans(storage)
    finally:
        await storage.close()


async def _rows(storage: Storage) -> list[Any]:
    columns = executions.c
    query = select(columns.id, columns.status, columns.lease_until_ms, columns.code)
    return await storage.database.read(lambda connection: list(connection.execute(query)))


async def _orphans(storage: Storage) -> list[str]:
    """Live attempts under a terminal execution, and text that differs from the attempt it belongs to."""
    query = text(
        "SELECT e.id, p.prompt_id FROM prompt_results p JOIN executions e ON e.key = p.execution_key"
        " WHERE p.status IN ('pending', 'running') AND e.status NOT IN ('pending', 'running')"
    )
    live = await storage.database.read(lambda connection: list(connection.execute(query)))
    return [f"{execution}: prompt {prompt} is live under a terminal row" for execution, prompt in live]


async def _problems(storage: Storage, row: Any, now_ms: int, *, settled: bool) -> list[str]:
    name, status = row.id, ExecutionStatus(row.status)
    if not status.terminal:
        lapsed = status is ExecutionStatus.RUNNING and row.lease_until_ms <= now_ms
        return [f"{name} is {status}"] if settled else [f"{name} runs without a lease"] * lapsed
    handle = await storage.log_store.handle(ExecutionId(name))
    assert handle is not None
    entries = await storage.log_store.read(handle, Seq(0), 1_000_000)
    checker = OrderChecker()
    shown: dict[tuple[str, int], str] = {}
    last = None
    for entry in entries:
        last = unpack(entry, handle.context)
        prompt, attempt = getattr(last, "prompt_id", None), getattr(last, "attempt", 0)
        checker.feed(entry.seq, EventCode(entry.code), prompt, attempt)
        if entry.code == EventCode.PROMPT_DELTA and prompt is not None:
            shown[prompt, attempt] = shown.get((prompt, attempt), "") + getattr(last, "text", "")
    problems = [f"{name}: {problem}" for problem in checker.finish()]
    if not isinstance(last, ExecutionFinished) or (last.status, last.code) != (status, row.code):
        problems.append(f"{name}: the row says {status} {row['code']}, the last event {last}")
    return problems + await _text_problems(storage, name, shown)


async def _text_problems(storage: Storage, name: str, shown: dict[tuple[str, int], str]) -> list[str]:
    """Text sent and text stored are the same, attempt by attempt."""
    record = await storage.executions.record(ExecutionId(name))
    assert record is not None
    return [
        f"{name}: {prompt.prompt_id} attempt {attempt.attempt} stores other text than was sent"
        for prompt in record.prompts
        for attempt in prompt.attempts
        if attempt.output != shown.get((prompt.prompt_id, attempt.attempt), "")
    ]

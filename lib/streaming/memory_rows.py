"""What `MemoryStore` keeps of executions and their attempts."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from lib.streaming.definition import Definition
from lib.streaming.errors import ContentsRemoved
from lib.streaming.ports.execution_store import KeptResult, NewExecution, Rerun
from lib.streaming.ports.log_store import AttemptEnded, AttemptStarted, ExecutionEnded, LogHandle
from lib.streaming.sse_events.log_entry import LogContext, LogEntry
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus, PromptId, PromptStatus, Seq, WorkerId


@dataclass(slots=True)
class AttemptRow:
    started: AttemptStarted
    started_ms: int
    ended: AttemptEnded | None = None
    kept_from: ExecutionId | None = None


@dataclass(slots=True)
class ExecutionRow:
    """One execution with everything that belongs to it."""

    key: int
    new: NewExecution
    definition: Definition
    created_ms: int
    status: ExecutionStatus = ExecutionStatus.PENDING
    epoch: int = 0
    claims: int = 0
    owner: WorkerId | None = None
    lease_until: float = 0.0
    started_ms: int | None = None
    cancel_requested: EndedBy | None = None
    ended: ExecutionEnded | None = None
    entries: list[LogEntry] = field(default_factory=list)
    attempts: dict[tuple[PromptId, int], AttemptRow] = field(default_factory=dict)

    def handle(self) -> LogHandle:
        prompts = tuple(prompt.id for prompt in self.definition.prompts)
        return LogHandle(self.key, LogContext(self.new.id, prompts), Seq(len(self.entries)), self.status.terminal)


def kept_rows(source: ExecutionRow | None, rerun: Rerun) -> dict[tuple[PromptId, int], AttemptRow]:
    """Copies of the results that a rerun keeps. Raises `ContentsRemoved` if one is not there."""
    attempts = source.attempts if source else {}
    done = {prompt: kept for (prompt, _), kept in attempts.items() if _completed(kept)}
    if any(prompt not in done for prompt in rerun.keep):
        raise ContentsRemoved
    return {(prompt, 1): _copy(done[prompt], rerun.of) for prompt in rerun.keep}


def _completed(attempt: AttemptRow) -> bool:
    return attempt.ended is not None and attempt.ended.status is PromptStatus.COMPLETED


def _copy(attempt: AttemptRow, source: ExecutionId) -> AttemptRow:
    """The result without what it cost and how long it took."""
    assert attempt.ended is not None
    ended = msgspec.structs.replace(
        attempt.ended, attempt=1, usage=None, cost=None, first_token_ms=None, duration_ms=None, code=None, message=None
    )
    return AttemptRow(msgspec.structs.replace(attempt.started, attempt=1), attempt.started_ms, ended, source)


def kept_results(row: ExecutionRow) -> tuple[KeptResult, ...]:
    return tuple(
        KeptResult(prompt, kept.started.model, kept.started.provider, end.output, end.reasoning, end.finish_reason)
        for (prompt, _), kept in sorted(row.attempts.items())
        if kept.kept_from is not None and (end := kept.ended) is not None
    )

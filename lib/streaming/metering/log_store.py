"""A log store that counts what it commits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence

from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError
from lib.streaming.metering.engine_figures import EngineFigures
from lib.streaming.metering.providers import CallFailure
from lib.streaming.ports.log_store import (
    AttemptEnded,
    AttemptStarted,
    ExecutionEnded,
    LogHandle,
    LogStore,
    RowChange,
    Write,
)
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, PromptId, PromptStatus, Seq

#: An attempt whose owner was lost ends elsewhere: so many of them are remembered at most.
MAX_OPEN = 10_000
#: Ended before a provider was asked: its template failed.
NO_PROVIDER = "none"

_Attempt = tuple[int, PromptId, int]


class MeteredLogStore:
    """A `LogStore` over another one."""

    def __init__(self, store: LogStore, figures: EngineFigures, clock: Clock) -> None:
        self._store = store
        self._figures = figures
        self._clock = clock
        self._models: OrderedDict[_Attempt, str] = OrderedDict()

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        began = self._clock.monotonic()
        try:
            refused = await self._store.commit(writes)
        except StreamingError:
            self._figures.commit_failures += 1
            raise
        self._figures.commit_seconds.observe(self._clock.monotonic() - began)
        self._count(writes, refused)
        return refused

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        return await self._store.handle(execution_id)

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        return await self._store.read(handle, after, limit)

    def _count(self, writes: Sequence[Write], refused: Collection[ExecutionId]) -> None:
        self._figures.leases_lost += len(refused)
        events = 0
        for write in writes:
            if refused and write.handle.context.execution_id in refused:
                continue
            events += len(write.entries)
            for change in write.changes:
                self._note(write.handle.key, change)
        self._figures.events += events
        self._figures.commit_events.observe(events)

    def _note(self, key: int, change: RowChange) -> None:
        match change:
            case AttemptStarted():
                self._models[key, change.prompt_id, change.attempt] = change.model
                if len(self._models) > MAX_OPEN:
                    self._models.popitem(last=False)
            case AttemptEnded():
                self._note_attempt(self._models.pop((key, change.prompt_id, change.attempt), NO_PROVIDER), change)
            case ExecutionEnded():
                self._figures.executions.add(change.status.value, change.code or "")
                self._figures.execution_seconds.observe(change.duration_ms / 1000)

    def _note_attempt(self, model: str, ended: AttemptEnded) -> None:
        figures, status = self._figures, ended.status
        if status is PromptStatus.SKIPPED:
            return
        provider, slash, model_id = model.partition("/")
        if slash:
            self._note_health(provider, model_id, ended)
        figures.attempts.add(provider, status.value if status is PromptStatus.COMPLETED else ended.code or status.value)
        if ended.first_token_ms is not None:
            figures.first_token_seconds.observe(provider, ended.first_token_ms / 1000)
        if ended.duration_ms is not None:
            figures.attempt_seconds.observe(provider, ended.duration_ms / 1000)

    def _note_health(self, provider: str, model_id: str, ended: AttemptEnded) -> None:
        health = self._figures.health.of(provider)
        if ended.status is PromptStatus.COMPLETED:
            health.succeeded(model_id)
        elif ended.status in (PromptStatus.FAILED, PromptStatus.TIMED_OUT):
            code, message = ended.code or ended.status.value, ended.message or ""
            health.failed(CallFailure(self._clock.now_ms(), model_id, code, message))

"""Storage without a database: the same contract as `app/db`, for tests of the engine and for embedding it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lib.streaming.clock import Clock
from lib.streaming.definition import Definition
from lib.streaming.errors import IdempotencyConflict, TooManyExecutions
from lib.streaming.memory_rows import AttemptRow, ExecutionRow, kept_results, kept_rows
from lib.streaming.ports.execution_store import (
    IDEMPOTENCY_MS,
    Accepted,
    CancelView,
    Claim,
    Claimant,
    InterruptedAttempt,
    NewExecution,
    Orphan,
    Ownership,
    Renewal,
)
from lib.streaming.ports.log_store import AttemptEnded, AttemptStarted, ExecutionEnded, LogHandle, RowChange, Write
from lib.streaming.pricing import total_cost
from lib.streaming.sse_events.log_entry import LogEntry, pack, unpack, unpack_delta
from lib.streaming.sse_events.vocabulary import (
    EventCode,
    ExecutionQueued,
    PromptFinished,
    PromptRetrying,
    PromptStarted,
)
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    Epoch,
    ExecutionId,
    ExecutionStatus,
    PromptId,
    PromptStatus,
    Seq,
    VersionId,
    WorkerId,
)
from lib.streaming.usage import total_usage

_LIVE = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING)


class MemoryStore:
    """Implements `LogStore` and `ExecutionStore`. Definitions are registered with `add_version`."""

    def __init__(self, clock: Clock) -> None:
        self.rows: dict[ExecutionId, ExecutionRow] = {}
        self._clock = clock
        self._versions: dict[VersionId, tuple[AssistantId, int, Definition]] = {}

    def add_version(self, version: VersionId, assistant: AssistantId, number: int, definition: Definition) -> None:
        self._versions[version] = (assistant, number, definition)

    # --- LogStore -----------------------------------------------------------------------------------------------

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        refused = set()
        for write in writes:
            row = self.rows[write.handle.context.execution_id]
            if row.epoch != write.epoch or row.status is not ExecutionStatus.RUNNING:
                refused.add(row.new.id)
                continue
            row.entries.extend(write.entries)
            for change in write.changes:
                self._apply(row, change)
        return refused

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        row = self.rows.get(execution_id)
        return row.handle() if row else None

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        return self.rows[handle.context.execution_id].entries[after : after + limit]

    def _apply(self, row: ExecutionRow, change: RowChange) -> None:
        match change:
            case AttemptStarted():
                row.attempts[change.prompt_id, change.attempt] = AttemptRow(change, self._clock.now_ms())
            case AttemptEnded():
                key = (change.prompt_id, change.attempt)
                bare = AttemptStarted(change.prompt_id, change.attempt, "", "", ())
                attempt = row.attempts.setdefault(key, AttemptRow(bare, self._clock.now_ms()))
                attempt.ended = attempt.ended or change
            case ExecutionEnded():
                _settle_live(row, PromptStatus(change.status.value), change.code)
                row.status, row.ended, row.owner = change.status, change, None

    # --- ExecutionStore -----------------------------------------------------------------------------------------

    async def create(self, new: NewExecution, claimant: Claimant | None = None) -> Accepted:
        mine = [row for row in self.rows.values() if row.new.principal_id == new.principal_id]
        for row in mine:
            same_key = new.idempotency_key is not None and row.new.idempotency_key == new.idempotency_key
            if same_key and row.created_ms > self._clock.now_ms() - IDEMPOTENCY_MS:
                if row.new.request_hash != new.request_hash:
                    raise IdempotencyConflict("This Idempotency-Key was used with another request.")
                return Accepted(row.new.id, row.status, existing=True)
        if sum(row.status in _LIVE for row in mine) >= new.max_concurrent:
            raise TooManyExecutions("Too many runs at once.", limit=new.max_concurrent)
        accepted = self._insert(new)
        if claimant is None:
            return accepted
        claim = await self.claim(new.id, claimant.worker, claimant.lease_seconds)
        return Accepted(new.id, ExecutionStatus.RUNNING, existing=False, handle=accepted.handle, claim=claim)

    def _insert(self, new: NewExecution) -> Accepted:
        waiting = sum(row.status is ExecutionStatus.PENDING for row in self.rows.values())
        definition = self._versions[new.version_id][2]
        row = ExecutionRow(len(self.rows) + 1, new, definition, self._clock.now_ms())
        code, data = pack(ExecutionQueued(waiting))
        row.entries.append(LogEntry(Seq(1), code, row.created_ms, data))
        if new.rerun is not None:
            row.attempts.update(kept_rows(self.rows.get(new.rerun.of), new.rerun))
        self.rows[new.id] = row
        return Accepted(new.id, row.status, existing=False, handle=row.handle())

    async def claim(self, execution_id: ExecutionId, worker: WorkerId, lease_seconds: float) -> Claim | None:
        row = self.rows.get(execution_id)
        if row is None or row.status.terminal or self._held(row):
            return None
        started_ms = row.started_ms
        row.status, row.owner = ExecutionStatus.RUNNING, worker
        row.epoch, row.claims = row.epoch + 1, row.claims + 1
        row.lease_until = self._clock.monotonic() + lease_seconds
        row.started_ms = row.started_ms or self._clock.now_ms()
        return self._claim(row, started_ms)

    def _claim(self, row: ExecutionRow, started_ms: int | None) -> Claim:
        assistant, number, definition = self._versions[row.new.version_id]
        ends = [attempt.ended for attempt in row.attempts.values() if attempt.ended]
        used = [end.usage for end in ends if end.usage]
        told = _last_told(row)
        return Claim(
            handle=row.handle(),
            epoch=Epoch(row.epoch),
            claims=row.claims,
            assistant_id=assistant,
            assistant_name=definition.name,
            version=number,
            definition=definition,
            inputs=row.new.inputs,
            on_disconnect=row.new.on_disconnect,
            created_ms=row.created_ms,
            started_ms=started_ms,
            now_ms=self._clock.now_ms(),
            results={end.prompt_id: end.output for end in ends if end.status is PromptStatus.COMPLETED},
            ended={
                prompt: event.status
                for prompt, event in told.items()
                if isinstance(event, PromptFinished) and event.status is not PromptStatus.COMPLETED
            },
            attempts=dict(sorted(row.attempts)),
            interrupted=tuple(
                self._interrupted(row, event) for event in told.values() if isinstance(event, PromptStarted)
            ),
            usage=total_usage(used) if used else None,
            cost=total_cost(end.cost for end in ends if end.usage),
            cancel_requested=row.cancel_requested,
            kept=kept_results(row),
        )

    def _interrupted(self, row: ExecutionRow, begun: PromptStarted) -> InterruptedAttempt:
        attempt = row.attempts[begun.prompt_id, begun.attempt]
        return InterruptedAttempt(
            begun.prompt_id,
            begun.attempt,
            begun.model,
            *_text_of(row, begun.prompt_id, begun.attempt),
            asked_chars=sum(len(message.content) for message in attempt.started.messages),
            duration_ms=self._clock.now_ms() - attempt.started_ms,
        )

    async def renew(self, worker: WorkerId, held: Mapping[ExecutionId, Epoch], lease_seconds: float) -> Renewal:
        lost, cancels = set(), {}
        for execution_id, epoch in held.items():
            row = self.rows.get(execution_id)
            if row is None or row.epoch != epoch or row.status is not ExecutionStatus.RUNNING:
                lost.add(execution_id)
                continue
            row.lease_until = self._clock.monotonic() + lease_seconds
            if row.cancel_requested:
                cancels[execution_id] = row.cancel_requested
        return Renewal(frozenset(lost), cancels)

    async def release(self, execution_id: ExecutionId, epoch: Epoch) -> None:
        row = self.rows[execution_id]
        if row.epoch == epoch and row.status is ExecutionStatus.RUNNING and row.lease_until:
            row.owner, row.lease_until, row.claims = None, 0.0, row.claims - 1

    async def request_cancel(self, execution_id: ExecutionId, by: EndedBy) -> CancelView | None:
        row = self.rows.get(execution_id)
        if row is None:
            return None
        if row.status.terminal:
            kept = sum(len(a.ended.output) + len(a.ended.reasoning) for a in row.attempts.values() if a.ended)
            return CancelView(Ownership.TERMINAL, row.status, None, kept)
        row.cancel_requested = row.cancel_requested or by
        if row.status is ExecutionStatus.PENDING:
            return CancelView(Ownership.PENDING, row.status, None)
        ownership = Ownership.OWNED if self._held(row) else Ownership.LAPSED
        return CancelView(ownership, row.status, row.owner)

    async def orphans(self, limit: int) -> Sequence[Orphan]:
        free = [row for row in self.rows.values() if not row.status.terminal and not self._held(row)]
        now = self._clock.now_ms()
        return [Orphan(r.new.id, r.status is ExecutionStatus.PENDING, now - r.created_ms) for r in free[:limit]]

    async def expire_leases(self) -> int:
        held = [row for row in self.rows.values() if self._held(row)]
        for row in held:
            row.lease_until = 0.0
        return len(held)

    async def uncompacted(self, limit: int) -> Sequence[ExecutionId]:
        return ()

    async def compact(self, execution_id: ExecutionId) -> None:
        return None

    def _held(self, row: ExecutionRow) -> bool:
        return row.status is ExecutionStatus.RUNNING and row.lease_until > self._clock.monotonic()


def _settle_live(row: ExecutionRow, status: PromptStatus, code: str | None) -> None:
    """End what is still running; its text is what the log holds."""
    for (prompt, number), attempt in row.attempts.items():
        if attempt.ended is None:
            output, reasoning = _text_of(row, prompt, number)
            attempt.ended = AttemptEnded(
                prompt_id=prompt,
                attempt=number,
                status=status,
                output=output,
                reasoning=reasoning,
                code=code,
            )


def _last_told(row: ExecutionRow) -> dict[PromptId, PromptStarted | PromptRetrying | PromptFinished]:
    told: dict[PromptId, PromptStarted | PromptRetrying | PromptFinished] = {}
    for entry in row.entries:
        event = unpack(entry, row.handle().context)
        if isinstance(event, PromptStarted | PromptRetrying | PromptFinished):
            told[event.prompt_id] = event
    return told


def _text_of(row: ExecutionRow, prompt: PromptId, number: int) -> tuple[str, str]:
    """Output and reasoning of an attempt, as the log holds them."""
    text = {EventCode.PROMPT_DELTA: "", EventCode.PROMPT_REASONING: ""}
    prompts = row.handle().context.prompt_ids
    for entry in row.entries:
        if entry.code in text:
            delta = unpack_delta(entry.data)
            if (prompts[delta.prompt], delta.attempt) == (prompt, number):
                text[EventCode(entry.code)] += delta.text
    return text[EventCode.PROMPT_DELTA], text[EventCode.PROMPT_REASONING]

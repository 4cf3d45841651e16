"""What the engine needs from the world, as small protocols. Adapters live in `providers`, `app/db`, `app/jobs`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Protocol, TypeAlias

import msgspec

from lib.streaming.definition import Definition
from lib.streaming.sse_events.log_entry import LogContext, LogEntry
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    Epoch,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    Message,
    PrincipalId,
    PromptId,
    PromptStatus,
    Seq,
    Usage,
    Value,
    VersionId,
    WorkerId,
)

# --- Models -----------------------------------------------------------------------------------------------------


class ModelRequest(msgspec.Struct, frozen=True):
    """One call of a model. `model` is the provider's own id, without the provider's name. Seconds."""

    model: str
    messages: tuple[Message, ...]
    connect_timeout: float
    max_output_tokens: int | None = None
    temperature: float | None = None


class TextDelta(msgspec.Struct, frozen=True):
    text: str


class ReasoningDelta(msgspec.Struct, frozen=True):
    text: str


class UsageReport(msgspec.Struct, frozen=True):
    """The provider's own token counts; the last one counts."""

    usage: Usage


class Finish(msgspec.Struct, frozen=True):
    """The provider's finish signal. A stream that ends without one has not succeeded."""

    reason: FinishReason


Delta: TypeAlias = TextDelta | ReasoningDelta | UsageReport | Finish

#: What one read of the upstream brought, in order. May be empty (heartbeats, role-only chunks).
DeltaStream: TypeAlias = AsyncIterator[Sequence[Delta]]


class Provider(Protocol):
    """A source of model answers. Never retries, follows no redirects."""

    @property
    def name(self) -> str: ...

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[DeltaStream]:
        """Send the request; entering returns once the answer's headers were accepted.

        Raises `UpstreamFailure` on entering and while iterating. When the stream ends normally without a
        `Finish`, it raises `upstream_incomplete` itself. Leaving the context closes the upstream connection
        before it returns, also on cancellation.
        """

    async def close(self) -> None: ...


class ProviderDirectory(Protocol):
    def find(self, model: str) -> tuple[Provider, str]:
        """The provider of `<provider>/<model id>` and that id; raise `UpstreamFailure(provider_unavailable)`."""


# --- The event log's storage ------------------------------------------------------------------------------------


class AttemptStarted(msgspec.Struct, frozen=True):
    prompt_id: PromptId
    attempt: int
    model: str
    provider: str
    messages: tuple[Message, ...]


class AttemptEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an attempt, or of a prompt that never had one (`skipped`, template failure: attempt 1)."""

    prompt_id: PromptId
    attempt: int
    status: PromptStatus
    output: str = ""
    reasoning: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    code: str | None = None
    message: str | None = None


class ExecutionEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The terminal write: execution row and any attempt still live, settled with the same status."""

    status: ExecutionStatus
    ended_by: EndedBy
    usage: Usage
    duration_ms: int
    code: str | None = None
    message: str | None = None


RowChange: TypeAlias = AttemptStarted | AttemptEnded | ExecutionEnded


class LogHandle(msgspec.Struct, frozen=True):
    """A stored execution as the log sees it: its narrow key, what its events share, how far it got."""

    key: int
    context: LogContext
    last_seq: Seq
    terminal: bool


class Write(msgspec.Struct, frozen=True):
    """What one execution adds in one commit, in order: events and the row changes that go with them."""

    handle: LogHandle
    epoch: Epoch
    entries: tuple[LogEntry, ...]
    changes: tuple[RowChange, ...]


class LogStore(Protocol):
    """Where events and their row changes are committed together."""

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        """Commit all in one transaction; return those refused because the epoch is no longer theirs.

        A refused write leaves nothing behind and does not disturb the others. Raises `StorageUnavailable`
        (nothing committed) when the database does not take the transaction.
        """

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None: ...

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        """At most `limit` entries with a number above `after`, in order. Compacted ones look as they did."""


# --- Executions -------------------------------------------------------------------------------------------------


#: How long an idempotency key means the same start (24 hours); a later one is a new start.
IDEMPOTENCY_MS = 24 * 3600 * 1000


class NewExecution(msgspec.Struct, frozen=True, kw_only=True):
    """What a start asks to be stored; everything here is already checked."""

    id: ExecutionId
    principal_id: PrincipalId
    assistant_id: AssistantId
    version_id: VersionId
    inputs: dict[str, Value]
    on_disconnect: str
    max_concurrent: int
    idempotency_key: str | None = None
    request_hash: bytes | None = None


class Accepted(msgspec.Struct, frozen=True):
    """A committed start. `existing` if the idempotency key had already made it; a new one has its handle."""

    id: ExecutionId
    status: ExecutionStatus
    existing: bool
    handle: LogHandle | None = None


class Orphan(msgspec.Struct, frozen=True):
    """A live execution that nobody holds; `pending` if nobody ever did."""

    id: ExecutionId
    pending: bool
    created_ms: int


class InterruptedAttempt(msgspec.Struct, frozen=True):
    """An attempt that was live when its owner vanished; its text is what the log holds."""

    prompt_id: PromptId
    attempt: int
    model: str
    output: str
    reasoning: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """An execution taken over by a worker, with all it needs to go on.

    What has ended and what was interrupted is decided by the last thing the log says of a prompt: an attempt whose
    loss no owner has announced yet is interrupted, however many owners died before they could.
    `results` maps completed prompts to their outputs; `attempts` counts the attempts made so far per prompt;
    `ended` holds prompts that ended without success; `usage` sums the finished attempts.
    `claims` counts takeovers charged so far, this one included.
    """

    handle: LogHandle
    epoch: Epoch
    claims: int
    assistant_id: AssistantId
    assistant_name: str
    version: int
    definition: Definition
    inputs: dict[str, Value]
    on_disconnect: str
    created_ms: int
    started_ms: int | None
    results: dict[PromptId, str]
    ended: dict[PromptId, PromptStatus]
    attempts: dict[PromptId, int]
    interrupted: tuple[InterruptedAttempt, ...]
    usage: Usage | None
    cancel_requested: EndedBy | None


class Ownership(StrEnum):
    PENDING = "pending"
    OWNED = "owned"
    LAPSED = "lapsed"
    TERMINAL = "terminal"


class CancelView(msgspec.Struct, frozen=True):
    """How an execution stands right after a stop was asked for.

    `kept_chars`: characters of output and reasoning stored by a terminal one; 0 for the others.
    """

    ownership: Ownership
    status: ExecutionStatus
    owner: WorkerId | None
    kept_chars: int = 0


class Renewal(msgspec.Struct, frozen=True):
    lost: frozenset[ExecutionId]
    cancels: Mapping[ExecutionId, EndedBy]


class ExecutionStore(Protocol):
    """The rows that are the truth. Times of leases are the database's."""

    async def create(self, new: NewExecution) -> Accepted:
        """Insert the execution with its `execution.queued` event in one transaction.

        Raises `IdempotencyConflict`, `TooManyExecutions`.
        """

    async def claim(self, execution_id: ExecutionId, worker: WorkerId, lease_seconds: float) -> Claim | None:
        """Take a pending or lapsed execution: epoch + 1, owner, lease. None if it is held or terminal."""

    async def renew(self, worker: WorkerId, held: Mapping[ExecutionId, Epoch], lease_seconds: float) -> Renewal:
        """Extend every lease in one statement; tell which are lost and which were asked to stop."""

    async def release(self, execution_id: ExecutionId, epoch: Epoch) -> None:
        """Give an unfinished execution back at once, uncharged."""

    async def request_cancel(self, execution_id: ExecutionId, by: EndedBy) -> CancelView | None:
        """Leave the stop flag on a live row. None if there is no such execution."""

    async def orphans(self, limit: int) -> Sequence[Orphan]:
        """Live executions nobody holds: pending ones and those whose lease has lapsed, oldest first."""

    async def expire_leases(self) -> int:
        """Void every lease: for a start that knows it is the only node. Returns how many."""

    async def uncompacted(self, limit: int) -> Sequence[ExecutionId]: ...

    async def compact(self, execution_id: ExecutionId) -> None:
        """Pack the deltas of a terminal execution; reading them again gives the same entries."""


# --- The job queue ----------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What a worker did with a ticket: `done` removes it, `give_back` offers it again at once."""

    DONE = "done"
    GIVE_BACK = "give_back"


Handler: TypeAlias = Callable[[ExecutionId], Awaitable[Outcome]]


class QueueStats(msgspec.Struct, frozen=True):
    queued: int
    running: int


class JobQueue(Protocol):
    """Delivery tickets for executions. A ticket can always be made again: the row is the truth."""

    async def open(self, handler: Handler | None) -> None:
        """Start; with a handler this process works, without one it only submits."""

    async def submit(self, execution_id: ExecutionId) -> None:
        """Offer an execution to a worker; doing so again while a ticket waits or runs is harmless."""

    async def stats(self) -> QueueStats: ...

    async def pause(self) -> None:
        """Take no further tickets; those in hand go on."""

    async def close(self) -> None: ...

"""The rows that are the truth of executions: started, claimed, kept, given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from lib.streaming.definition import Definition
from lib.streaming.ports.log_store import LogHandle
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    Epoch,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    NanoDollars,
    PrincipalId,
    PromptId,
    PromptStatus,
    Usage,
    Value,
    VersionId,
    WorkerId,
)

#: How long an idempotency key means the same start (24 hours); a later one is a new start.
IDEMPOTENCY_MS = 24 * 3600 * 1000


class Rerun(msgspec.Struct, frozen=True):
    """From which execution of the same version a new one takes the results of which prompts, each completed there."""

    of: ExecutionId
    keep: tuple[PromptId, ...] = ()


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
    rerun: Rerun | None = None


class Orphan(msgspec.Struct, frozen=True):
    """A live execution that nobody holds; `pending` if nobody ever did. `age_ms` is by the store's clock."""

    id: ExecutionId
    pending: bool
    age_ms: int


class InterruptedAttempt(msgspec.Struct, frozen=True):
    """An attempt that was live when its owner vanished, and is until the next owner ends it.

    Its text is what the log holds. `asked_chars`: the length of the messages it was asked with. `duration_ms`: from its
    start to the claim, by the store's clock.
    """

    prompt_id: PromptId
    attempt: int
    model: str
    output: str
    reasoning: str
    asked_chars: int
    duration_ms: int


class KeptResult(msgspec.Struct, frozen=True):
    """A result taken over from an earlier execution: attempt 1 of its prompt, for which no model is asked."""

    prompt_id: PromptId
    model: str
    provider: str
    output: str
    reasoning: str
    finish_reason: FinishReason | None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """An execution taken over by a worker, with all it needs to go on.

    What has ended and what was interrupted is decided by the last thing the log says of a prompt: an attempt whose
    loss no owner has announced yet is interrupted, however many owners died before they could.
    `results` maps completed prompts to their outputs; `attempts` counts the attempts made so far per prompt;
    `ended` holds prompts that ended without success; `usage` sums the finished attempts, and `cost` what that usage cost:
    None where a price was not known. `kept` are the results taken over from an earlier execution; they are among
    `results` too.
    `claims` counts takeovers charged so far, this one included. `now_ms` is the store's time of the claim: its times
    are compared with no other clock, least of all with a worker's.
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
    now_ms: int
    results: dict[PromptId, str]
    ended: dict[PromptId, PromptStatus]
    attempts: dict[PromptId, int]
    interrupted: tuple[InterruptedAttempt, ...]
    usage: Usage | None
    cancel_requested: EndedBy | None
    cost: NanoDollars | None = NanoDollars(0)
    kept: tuple[KeptResult, ...] = ()


class Claimant(msgspec.Struct, frozen=True):
    """A worker with room for one more, and for how long its lease is to hold."""

    worker: WorkerId
    lease_seconds: float


class Accepted(msgspec.Struct, frozen=True):
    """A committed start. `existing` if the idempotency key had already made it; a new one has its handle.

    `claim`: the claimant owns it already, so it needs no ticket. `ticketed`: its ticket was committed with it, so nobody
    has to submit it.
    """

    id: ExecutionId
    status: ExecutionStatus
    existing: bool
    handle: LogHandle | None = None
    claim: Claim | None = None
    ticketed: bool = False


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

    async def create(self, new: NewExecution, claimant: Claimant | None = None) -> Accepted:
        """Insert the execution with its `execution.queued` event in one transaction, claimed by `claimant` if given.

        The results that a rerun keeps are in that transaction too. Raises `IdempotencyConflict`, `TooManyExecutions`,
        `ContentsRemoved` if a result to keep is there no more.
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

"""Where events and their row changes are committed together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol, TypeAlias

import msgspec

from lib.streaming.sse_events.log_entry import LogContext, LogEntry
from lib.streaming.types import (
    EndedBy,
    Epoch,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    Message,
    NanoDollars,
    PromptId,
    PromptStatus,
    Seq,
    Usage,
)


class AttemptStarted(msgspec.Struct, frozen=True):
    prompt_id: PromptId
    attempt: int
    model: str
    provider: str
    messages: tuple[Message, ...]


class AttemptEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an attempt, or of a prompt that never had one (`skipped`, template failure: attempt 1).

    `cost` is that of `usage`; None where the model's price is not known.
    """

    prompt_id: PromptId
    attempt: int
    status: PromptStatus
    output: str = ""
    reasoning: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    cost: NanoDollars | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    code: str | None = None
    message: str | None = None


class ExecutionEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The terminal write: execution row and any attempt still live, settled with the same status.

    `cost`: of all attempts; None if that of any is not known.
    """

    status: ExecutionStatus
    ended_by: EndedBy
    usage: Usage
    duration_ms: int
    cost: NanoDollars | None = None
    code: str | None = None
    message: str | None = None


RowChange: TypeAlias = AttemptStarted | AttemptEnded | ExecutionEnded


class LogHandle(msgspec.Struct, frozen=True):
    """A stored execution as the log sees it: its narrow key, what its events share, how far it got.

    `emptied`: its contents were removed, and of its events only the last is left.
    """

    key: int
    context: LogContext
    last_seq: Seq
    terminal: bool
    emptied: bool = False


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
        """At most `limit` entries with a number above `after`, in order. Compacted ones look as they did.

        Raises `ContentsRemoved` where the next one is gone for good.
        """

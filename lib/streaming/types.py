"""The words of the engine: ids, statuses, values, usage."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType, TypeAlias

import msgspec

ExecutionId = NewType("ExecutionId", str)
PromptId = NewType("PromptId", str)
AssistantId = NewType("AssistantId", str)
VersionId = NewType("VersionId", str)
PrincipalId = NewType("PrincipalId", str)
WorkerId = NewType("WorkerId", str)

#: Number of an event within its execution: 1..n without a gap; 0 means "before the first".
Seq = NewType("Seq", int)
#: Fence of an execution: grows by one with every claim; a write with an older one is refused.
Epoch = NewType("Epoch", int)
#: Billionths of a US dollar.
NanoDollars = NewType("NanoDollars", int)

#: What a form field may hold once checked: plain data, never an object with behaviour.
Value: TypeAlias = "str | int | float | bool | None | list[Value] | dict[str, Value]"


class ExecutionStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def terminal(self) -> bool:
        return self not in (ExecutionStatus.PENDING, ExecutionStatus.RUNNING)


class PromptStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"

    @property
    def terminal(self) -> bool:
        return self not in (PromptStatus.PENDING, PromptStatus.RUNNING)


class EndedBy(StrEnum):
    """Who or what brought an execution to its terminal state."""

    ENGINE = "engine"
    USER = "user"
    ADMIN = "admin"
    DISCONNECT = "disconnect"
    TIMEOUT = "timeout"
    SHUTDOWN = "shutdown"
    SWEEP = "sweep"


class OnError(StrEnum):
    STOP = "stop"
    CONTINUE = "continue"


class FinishReason(StrEnum):
    """Why a model stopped; anything a provider says that is not in the list is `other`."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    TOOL_CALLS = "tool_calls"
    OTHER = "other"


class WaitReason(StrEnum):
    RATE_LIMITED = "rate_limited"
    CIRCUIT_OPEN = "circuit_open"
    RETRY_BACKOFF = "retry_backoff"
    SLOT = "slot"


class UsageSource(StrEnum):
    """Where token counts come from: the provider's own figures, or our estimate from the text."""

    PROVIDER = "provider"
    ESTIMATED = "estimated"


class Usage(msgspec.Struct, frozen=True, rename="camel"):
    """Tokens of one attempt, or the sum over an execution. `source` is `estimated` if any part is."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    source: UsageSource = UsageSource.PROVIDER
    reasoning_tokens: int | None = None
    cached_input_tokens: int | None = None


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"


class Message(msgspec.Struct, frozen=True):
    """One message as sent to a model."""

    role: Role
    content: str

"""Every event an execution can show, as one tagged union (docs/events.md).

An event here holds its own fields only. Its envelope (`executionId`, `seq`, `at`) belongs to the log, which
alone gives numbers and times; `frames` joins both on the wire.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec

from lib.streaming.types import (
    AssistantId,
    EndedBy,
    Epoch,
    ExecutionStatus,
    FinishReason,
    PromptId,
    PromptStatus,
    Usage,
    WaitReason,
)

#: Longest text of one delta in characters; with four-byte characters still below 64 KiB.
MAX_DELTA_CHARS = 16_000


class ExecutionQueued(msgspec.Struct, frozen=True, rename="camel", tag="execution.queued"):
    """Accepted and stored; `position` executions are ahead of it."""

    position: int


class ExecutionStarted(msgspec.Struct, frozen=True, rename="camel", tag="execution.started"):
    assistant_id: AssistantId
    assistant_name: str
    version: int
    total_prompts: int
    epoch: Epoch


class ExecutionWaiting(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, tag="execution.waiting"):
    """Nothing comes for a known reason; `until_ms` is Unix milliseconds."""

    reason: WaitReason
    prompt_id: PromptId | None = None
    until_ms: int | None = None


class PromptStarted(msgspec.Struct, frozen=True, rename="camel", tag="prompt.started"):
    """An attempt begins; `index` counts prompts from 0 in chain order, `attempt` from 1."""

    prompt_id: PromptId
    name: str
    position: int
    index: int
    attempt: int
    model: str
    provider: str


class PromptDelta(msgspec.Struct, frozen=True, rename="camel", tag="prompt.delta"):
    prompt_id: PromptId
    attempt: int
    text: str


class PromptReasoning(msgspec.Struct, frozen=True, rename="camel", tag="prompt.reasoning"):
    prompt_id: PromptId
    attempt: int
    text: str


class PromptRetrying(msgspec.Struct, frozen=True, rename="camel", tag="prompt.retrying"):
    """Attempt `attempt` is void: drop its text. `next_attempt` on `model` begins in about `delay_ms`."""

    prompt_id: PromptId
    attempt: int
    next_attempt: int
    code: str
    message: str
    delay_ms: int
    model: str


class PromptFinished(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, tag="prompt.finished"):
    """The end of a prompt. `kept`: its result is that of the execution this one is a rerun of; no model was asked."""

    prompt_id: PromptId
    attempt: int
    status: PromptStatus
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    duration_ms: int | None = None
    first_token_ms: int | None = None
    code: str | None = None
    message: str | None = None
    kept: bool = False


class Warned(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, tag="warning"):
    code: str
    message: str
    prompt_id: PromptId | None = None


class ServerDraining(msgspec.Struct, frozen=True, rename="camel", tag="server.draining"):
    """The node stops: reconnect elsewhere after `retry_ms`. Not stored, no id, not terminal."""

    retry_ms: int


class ExecutionFinished(
    msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True, tag="execution.finished"
):
    """The terminal event: last, exactly once, equal to the row. `cost`: exact US dollars; absent where it is not known."""

    status: ExecutionStatus
    usage: Usage
    duration_ms: int
    ended_by: EndedBy
    code: str | None = None
    message: str | None = None
    cost: str | None = None


Event: TypeAlias = (
    ExecutionQueued
    | ExecutionStarted
    | ExecutionWaiting
    | PromptStarted
    | PromptDelta
    | PromptReasoning
    | PromptRetrying
    | PromptFinished
    | Warned
    | ServerDraining
    | ExecutionFinished
)


class EventCode(IntEnum):
    """The small number that names an event's type in storage. Never renumber."""

    EXECUTION_QUEUED = 1
    EXECUTION_STARTED = 2
    EXECUTION_WAITING = 3
    PROMPT_STARTED = 4
    PROMPT_DELTA = 5
    PROMPT_REASONING = 6
    PROMPT_RETRYING = 7
    PROMPT_FINISHED = 8
    WARNING = 9
    EXECUTION_FINISHED = 10


CODES: dict[type[Event], EventCode] = {
    ExecutionQueued: EventCode.EXECUTION_QUEUED,
    ExecutionStarted: EventCode.EXECUTION_STARTED,
    ExecutionWaiting: EventCode.EXECUTION_WAITING,
    PromptStarted: EventCode.PROMPT_STARTED,
    PromptDelta: EventCode.PROMPT_DELTA,
    PromptReasoning: EventCode.PROMPT_REASONING,
    PromptRetrying: EventCode.PROMPT_RETRYING,
    PromptFinished: EventCode.PROMPT_FINISHED,
    Warned: EventCode.WARNING,
    ExecutionFinished: EventCode.EXECUTION_FINISHED,
}

TYPE_NAMES: dict[EventCode, str] = {code: str(kind.__struct_config__.tag) for kind, code in CODES.items()}

DELTA_CODES = frozenset({EventCode.PROMPT_DELTA, EventCode.PROMPT_REASONING})

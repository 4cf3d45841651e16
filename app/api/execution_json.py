"""Executions as JSON: what the API shows of a record."""

from __future__ import annotations

import msgspec

from app.api.moment import moment
from app.api.price_json import money
from app.db.records import AttemptRecord, ExecutionRecord, ExecutionSummary, Feedback, PromptRecord
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    Message,
    PrincipalId,
    PromptId,
    PromptStatus,
    Usage,
    UsageSource,
)


class ExecutionItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An execution in a list. Times are RFC 3339 UTC; `message` says in words what `code` says in one.

    `cost`: US dollars as decimal text, exact to nine places; null until it has ended, and where the price of a model
    that was asked is not known.
    """

    id: ExecutionId
    assistant_id: AssistantId
    assistant_name: str
    version: int
    principal_id: PrincipalId
    status: ExecutionStatus
    code: str | None
    message: str | None
    ended_by: EndedBy | None
    usage: Usage | None
    cost: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None


class AttemptItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One attempt of a prompt, with the messages as they were sent. Durations in milliseconds, `cost` as the execution's."""

    attempt: int
    status: PromptStatus
    model: str | None
    provider: str | None
    messages: tuple[Message, ...]
    output: str
    reasoning: str
    finish_reason: FinishReason | None
    usage: Usage | None
    usage_source: UsageSource | None
    cost: str | None
    started_at: str | None
    first_token_ms: int | None
    duration_ms: int | None
    code: str | None
    message: str | None


class PromptItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`feedback`: what its owner thinks of the answer. `keptFrom`: the execution whose result this one took over."""

    prompt_id: PromptId
    name: str
    position: int
    feedback: Feedback | None
    kept_from: ExecutionId | None
    attempts: tuple[AttemptItem, ...]


class ExecutionDetail(ExecutionItem, frozen=True, kw_only=True, rename="camel"):
    """The whole record of an execution; prompts in chain order.

    `contentsRemovedAt`: inputs, messages and outputs were kept until then, and are empty now. `rerunOf`: the execution
    this one was started from.
    """

    inputs: dict[str, object]
    contents_removed_at: str | None
    rerun_of: ExecutionId | None
    on_disconnect: str
    prompts: tuple[PromptItem, ...]


class ExecutionList(msgspec.Struct, frozen=True, rename="camel"):
    """One stretch of a list; `next_cursor` is opaque, and null at the end."""

    items: tuple[ExecutionItem, ...]
    next_cursor: str | None


def execution_item(summary: ExecutionSummary) -> ExecutionItem:
    return ExecutionItem(
        id=summary.id,
        assistant_id=summary.assistant_id,
        assistant_name=summary.assistant_name,
        version=summary.version,
        principal_id=summary.principal_id,
        status=summary.status,
        code=summary.code,
        message=summary.message,
        ended_by=summary.ended_by,
        usage=summary.usage,
        cost=money(summary.cost_nano),
        created_at=moment(summary.created_ms),
        started_at=moment(summary.started_ms),
        finished_at=moment(summary.finished_ms),
    )


def execution_detail(record: ExecutionRecord) -> ExecutionDetail:
    return ExecutionDetail(
        **msgspec.structs.asdict(execution_item(record)),
        inputs=dict[str, object](record.inputs),
        contents_removed_at=moment(record.contents_removed_ms),
        rerun_of=record.rerun_of,
        on_disconnect=record.on_disconnect,
        prompts=tuple(_prompt(prompt) for prompt in record.prompts),
    )


def _prompt(record: PromptRecord) -> PromptItem:
    attempts = tuple(_attempt(attempt) for attempt in record.attempts)
    return PromptItem(
        prompt_id=record.prompt_id,
        name=record.name,
        position=record.position,
        feedback=record.feedback,
        kept_from=next((attempt.kept_from for attempt in record.attempts), None),
        attempts=attempts,
    )


def _attempt(record: AttemptRecord) -> AttemptItem:
    return AttemptItem(
        attempt=record.attempt,
        status=record.status,
        model=record.model,
        provider=record.provider,
        messages=record.messages,
        output=record.output,
        reasoning=record.reasoning,
        finish_reason=record.finish_reason,
        usage=record.usage,
        usage_source=record.usage.source if record.usage else None,
        cost=money(record.cost_nano),
        started_at=moment(record.started_ms),
        first_token_ms=record.first_token_ms,
        duration_ms=record.duration_ms,
        code=record.code,
        message=record.message,
    )

"""What repositories give and take: frozen values, never rows. Times are Unix milliseconds."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from lib.streaming.definition import Definition
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    Message,
    NanoDollars,
    PrincipalId,
    PromptId,
    PromptStatus,
    Usage,
    Value,
    VersionId,
)

T = TypeVar("T")


class UserRole(StrEnum):
    USER = "user"
    AUTHOR = "author"
    ADMIN = "admin"


class AssistantStatus(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISABLED = "disabled"


class Feedback(StrEnum):
    LIKE = "like"
    DISLIKE = "dislike"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One stretch of a list; `next_cursor` is opaque and None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None


# --- People and their keys --------------------------------------------------------------------------------------


class UserRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A principal. The password hash stays behind `UserRepository.password_hash`."""

    id: PrincipalId
    email: str
    name: str
    role: UserRole
    disabled: bool
    created_ms: int


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes different of a user; None: as it is."""

    name: str | None = None
    role: UserRole | None = None
    disabled: bool | None = None


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    user: UserRecord
    created_ms: int
    expires_ms: int
    last_seen_ms: int


class ApiKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key as stored: `secret_hash` is the SHA-256 of the whole key (32 bytes)."""

    key_id: str
    user: UserRecord
    name: str
    secret_hash: bytes
    last_four: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    last_used_ms: int | None


# --- Assistants -------------------------------------------------------------------------------------------------


class AssistantSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An assistant in a list. `version` is the number of the current version."""

    id: AssistantId
    slug: str
    name: str
    description: str
    owner_id: PrincipalId
    status: AssistantStatus
    version: int
    version_id: VersionId
    reject_reason: str | None
    created_ms: int
    updated_ms: int


class AssistantRecord(AssistantSummary, frozen=True, kw_only=True):
    """An assistant with the definition of its current version."""

    definition: Definition


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    id: VersionId
    assistant_id: AssistantId
    number: int
    name: str
    created_by: PrincipalId
    created_ms: int


class VersionRecord(VersionSummary, frozen=True, kw_only=True):
    """An immutable version."""

    definition: Definition


# --- Executions -------------------------------------------------------------------------------------------------


class ExecutionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; None means any. `from_ms` is included, `to_ms` is not (creation time)."""

    status: ExecutionStatus | None = None
    assistant_id: AssistantId | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class ExecutionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An execution in a list. `assistant_name` is that of the version it is pinned to. `cost_nano`: billionths of a US
    dollar; None where a price was not known, and until it has ended.
    """

    id: ExecutionId
    principal_id: PrincipalId
    assistant_id: AssistantId
    assistant_name: str
    version: int
    status: ExecutionStatus
    code: str | None
    message: str | None
    ended_by: EndedBy | None
    usage: Usage | None
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    cost_nano: NanoDollars | None


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a prompt; a live one has no output yet, one that never reached a model has no messages.

    `kept_from`: the execution this result was taken over from.
    """

    attempt: int
    status: PromptStatus
    model: str | None
    provider: str | None
    messages: tuple[Message, ...]
    output: str
    reasoning: str
    finish_reason: FinishReason | None
    usage: Usage | None
    started_ms: int | None
    first_token_ms: int | None
    duration_ms: int | None
    code: str | None
    message: str | None
    kept_from: ExecutionId | None
    cost_nano: NanoDollars | None


class PromptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt of the pinned version with its attempts so far."""

    prompt_id: PromptId
    name: str
    position: int
    feedback: Feedback | None
    attempts: tuple[AttemptRecord, ...]


class ExecutionRecord(ExecutionSummary, frozen=True, kw_only=True):
    """The whole record; prompts in chain order. `contents_removed_ms`: when inputs, messages and outputs were emptied."""

    inputs: dict[str, Value]
    contents_removed_ms: int | None
    rerun_of: ExecutionId | None
    on_disconnect: str
    epoch: int
    cancel_requested: EndedBy | None
    prompts: tuple[PromptRecord, ...]


# --- Audit ------------------------------------------------------------------------------------------------------


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit is narrowed to; None means any. `from_ms` is included, `to_ms` is not."""

    actor_id: PrincipalId | None = None
    action: str | None = None
    target: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what; `actor_id` is None for the system itself."""

    id: int
    at_ms: int
    actor_id: PrincipalId | None
    action: str
    target: str
    details: dict[str, Value]
    request_id: str | None
    actor_email: str | None = None

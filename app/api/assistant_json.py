"""Assistants and their versions as JSON."""

from __future__ import annotations

import msgspec

from app.api.moment import moment
from app.db.records import AssistantRecord, AssistantStatus, AssistantSummary, VersionRecord, VersionSummary
from lib.streaming.definition import Definition
from lib.streaming.types import AssistantId, PrincipalId


class AssistantItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An assistant in a list; `version` is the number of the current version."""

    id: AssistantId
    slug: str
    name: str
    description: str
    owner_id: PrincipalId
    status: AssistantStatus
    version: int
    reject_reason: str | None
    created_at: str
    updated_at: str


class AssistantDetail(AssistantItem, frozen=True, kw_only=True, rename="camel"):
    """An assistant with the definition of its current version."""

    definition: Definition


class VersionItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    number: int
    name: str
    created_by: PrincipalId
    created_at: str


class VersionDetail(VersionItem, frozen=True, kw_only=True, rename="camel"):
    """An immutable version: what its executions ran and will run."""

    definition: Definition


class AssistantList(msgspec.Struct, frozen=True, rename="camel"):
    """One stretch of a list; `next_cursor` is opaque, and null at the end."""

    items: tuple[AssistantItem, ...]
    next_cursor: str | None


class VersionList(msgspec.Struct, frozen=True, rename="camel"):
    """All versions at once; `next_cursor` is always null."""

    items: tuple[VersionItem, ...]
    next_cursor: str | None


def assistant_item(summary: AssistantSummary) -> AssistantItem:
    return AssistantItem(
        id=summary.id,
        slug=summary.slug,
        name=summary.name,
        description=summary.description,
        owner_id=summary.owner_id,
        status=summary.status,
        version=summary.version,
        reject_reason=summary.reject_reason,
        created_at=moment(summary.created_ms),
        updated_at=moment(summary.updated_ms),
    )


def assistant_detail(record: AssistantRecord) -> AssistantDetail:
    return AssistantDetail(**msgspec.structs.asdict(assistant_item(record)), definition=record.definition)


def version_item(summary: VersionSummary) -> VersionItem:
    return VersionItem(
        number=summary.number,
        name=summary.name,
        created_by=summary.created_by,
        created_at=moment(summary.created_ms),
    )


def version_detail(record: VersionRecord) -> VersionDetail:
    return VersionDetail(**msgspec.structs.asdict(version_item(record)), definition=record.definition)

"""Queries over assistants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from app.db import paging
from app.db.definitions import decode_definition
from app.db.records import (
    AssistantRecord,
    AssistantStatus,
    AssistantSummary,
    Page,
    UserRecord,
    UserRole,
    VersionRecord,
    VersionSummary,
)
from app.db.tables import assistant_versions, assistants
from lib.streaming.types import AssistantId

_row = assistants.c
_version = assistant_versions.c

_SUMMARY = select(
    *(_row.id, _row.slug, _row.owner_id, _row.status, _row.version, _row.reject_reason),
    *(_row.created_ms, _row.updated_ms, _version.id.label("version_id"), _version.name, _version.description),
).join(
    assistant_versions, and_(_version.assistant_id == _row.id, _version.number == _row.version)
)

_VERSION_SUMMARY = select(
    _version.id, _version.assistant_id, _version.number, _version.name, _version.created_by, _version.created_ms
)


def get(connection: Connection, id_or_slug: str) -> AssistantRecord | None:
    wanted = or_(_row.id == id_or_slug, _row.slug == id_or_slug)
    row = connection.execute(_SUMMARY.add_columns(_version.definition).where(wanted)).one_or_none()
    if row is None:
        return None
    return AssistantRecord(**_fields(row), definition=decode_definition(row.definition))


def visible_to(connection: Connection, viewer: UserRecord, limit: int, cursor: str | None) -> Page[AssistantSummary]:
    statement: Select[*tuple[object, ...]] = _SUMMARY
    if viewer.role is not UserRole.ADMIN:
        statement = statement.where(
            or_(_row.status == AssistantStatus.APPROVED, _row.owner_id == viewer.id)
        )
    rows = connection.execute(paging.newest_first(statement, assistants, limit, cursor)).all()
    summaries = [AssistantSummary(**_fields(row)) for row in rows]
    return paging.page(summaries, limit, lambda item: paging.encode(item.created_ms, item.id))


def versions(connection: Connection, assistant_id: AssistantId) -> Sequence[VersionSummary]:
    rows = connection.execute(
        _VERSION_SUMMARY.where(_version.assistant_id == assistant_id).order_by(_version.number.desc())
    )
    return [VersionSummary(**row._mapping) for row in rows]


def version(connection: Connection, assistant_id: AssistantId, number: int) -> VersionRecord | None:
    row = connection.execute(
        _VERSION_SUMMARY.add_columns(_version.definition).where(
            _version.assistant_id == assistant_id, _version.number == number
        )
    ).one_or_none()
    if row is None:
        return None
    return VersionRecord(**{**row._mapping, "definition": decode_definition(row.definition)})


def _fields(row: Row[*tuple[object, ...]]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "definition"}

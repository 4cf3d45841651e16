"""Queries over assistants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, or_, select

from app.db import paging
from app.db.definitions import decode_definition
from app.db.prepared import Prepared
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
from lib.streaming.types import AssistantId, PrincipalId

_row = assistants.c
_version = assistant_versions.c

_SUMMARY = select(
    *(_row.id, _row.slug, _row.owner_id, _row.status, _row.version, _row.reject_reason),
    *(_row.created_ms, _row.updated_ms, _version.id.label("version_id"), _version.name, _version.description),
).join(assistant_versions, and_(_version.assistant_id == _row.id, _version.number == _row.version))

_VERSION_SUMMARY = select(
    _version.id, _version.assistant_id, _version.number, _version.name, _version.created_by, _version.created_ms
)


_GET = Prepared(
    lambda _: _SUMMARY.add_columns(_version.definition).where(
        or_(_row.id == bindparam("name"), _row.slug == bindparam("name"))
    )
)


def get(connection: Connection, id_or_slug: str) -> AssistantRecord | None:
    row = _GET.row(connection, name=id_or_slug)
    return None if row is None else AssistantRecord(**_decoded(row._asdict()))


def visible_to(connection: Connection, viewer: UserRecord, limit: int, cursor: str | None) -> Page[AssistantSummary]:
    rows = connection.execute(paging.newest_first(_visible(viewer), assistants, limit, cursor)).mappings()
    return _page([AssistantSummary(**_fields(row)) for row in rows], limit)


def found(
    connection: Connection, viewer: UserRecord, words: Sequence[str], limit: int, cursor: str | None
) -> Page[AssistantSummary]:
    """Those whose name or description holds every word, whatever its case.

    Names are bytes to the database, so they are compared here; reading stops where the page is full.
    """
    wanted = [word.casefold() for word in words]
    statement = paging.newest_first(_visible(viewer), assistants, limit, cursor).limit(None)
    with connection.execute(statement) as result:
        summaries = (AssistantSummary(**_fields(row)) for row in result.mappings())
        matching = (one for one in summaries if _holds(one, wanted))
        return _page(list(islice(matching, limit + 1)), limit)


def _visible(viewer: UserRecord) -> Select[*tuple[object, ...]]:
    if viewer.role is UserRole.ADMIN:
        return _SUMMARY
    return _SUMMARY.where(or_(_row.status == AssistantStatus.APPROVED, _row.owner_id == viewer.id))


def _holds(summary: AssistantSummary, words: Sequence[str]) -> bool:
    text = f"{summary.name}\n{summary.description}".casefold()
    return all(word in text for word in words)


def _page(summaries: Sequence[AssistantSummary], limit: int) -> Page[AssistantSummary]:
    return paging.page(summaries, limit, lambda item: paging.encode(item.created_ms, item.id))


def authored(
    connection: Connection,
    owner_id: PrincipalId | None,
    status: AssistantStatus | None,
    limit: int,
    cursor: str | None,
) -> Page[AssistantSummary]:
    statement: Select[*tuple[object, ...]] = _SUMMARY
    if owner_id is not None:
        statement = statement.where(_row.owner_id == owner_id)
    if status is not None:
        statement = statement.where(_row.status == status)
    rows = connection.execute(paging.newest_first(statement, assistants, limit, cursor)).mappings()
    return _page([AssistantSummary(**_fields(row)) for row in rows], limit)


def with_status(
    connection: Connection, status: AssistantStatus, limit: int, cursor: str | None
) -> Page[AssistantRecord]:
    statement = _SUMMARY.add_columns(_version.definition).where(_row.status == status)
    rows = connection.execute(paging.newest_first(statement, assistants, limit, cursor)).mappings()
    records = [AssistantRecord(**_decoded(row)) for row in rows]
    return paging.page(records, limit, lambda item: paging.encode(item.created_ms, item.id))


def versions(connection: Connection, assistant_id: AssistantId) -> Sequence[VersionSummary]:
    rows = connection.execute(
        _VERSION_SUMMARY.where(_version.assistant_id == assistant_id).order_by(_version.number.desc())
    )
    return [VersionSummary(**_fields(row)) for row in rows.mappings()]


def version(connection: Connection, assistant_id: AssistantId, number: int) -> VersionRecord | None:
    statement = _VERSION_SUMMARY.add_columns(_version.definition).where(
        _version.assistant_id == assistant_id, _version.number == number
    )
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else VersionRecord(**_decoded(row))


def _fields(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _decoded(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {**_fields(row), "definition": decode_definition(row["definition"])}

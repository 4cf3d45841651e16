"""Changes of assistants."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy
from sqlalchemy import Connection, func, insert, select, update

from app.db import assistant_reads
from app.db.definitions import encode_definition
from app.db.dialect import now_ms, upsert
from app.db.errors import AssistantBusy, AssistantNotFound, StatusConflict, VersionConflict
from app.db.records import AssistantRecord, AssistantStatus
from app.db.slugs import first_free, slug_of
from app.db.tables import LIVE, assistant_versions, assistants, executions, users
from lib.streaming.definition import Definition
from lib.streaming.types import AssistantId, PrincipalId, VersionId

_row = assistants.c


def create(
    connection: Connection,
    assistant_id: AssistantId,
    version_id: VersionId,
    owner_id: PrincipalId,
    definition: Definition,
    status: AssistantStatus,
) -> AssistantRecord:
    while not _insert(connection, assistant_id, _free_slug(connection, definition.name), owner_id, status):
        # Somebody else has just taken this slug; now it can be seen.
        continue
    _add_version(connection, assistant_id, version_id, 1, definition, owner_id)
    return _existing(connection, assistant_id)


def change(
    connection: Connection,
    assistant_id: AssistantId,
    version_id: VersionId,
    definition: Definition,
    changed_by: PrincipalId,
    based_on: Collection[int] | None,
) -> AssistantRecord:
    before = _lock(connection, assistant_id)
    if based_on is not None and before.version not in based_on:
        raise VersionConflict(_who_was_first(connection, before))
    number = before.version + 1
    _add_version(connection, assistant_id, version_id, number, definition, changed_by)
    approved = before.status is AssistantStatus.APPROVED
    status = AssistantStatus.PENDING_APPROVAL if approved else before.status
    connection.execute(
        update(assistants).where(_row.id == assistant_id).values(version=number, status=status, updated_ms=now_ms())
    )
    return _existing(connection, assistant_id)


def set_status(
    connection: Connection,
    assistant_id: AssistantId,
    status: AssistantStatus,
    allowed_from: Collection[AssistantStatus],
    reason: str | None,
) -> AssistantRecord:
    before = _lock(connection, assistant_id)
    if before.status not in allowed_from:
        raise StatusConflict(f"The assistant is {before.status}; it cannot become {status} from there.")
    connection.execute(
        update(assistants)
        .where(_row.id == assistant_id)
        .values(status=status, reject_reason=reason, updated_ms=now_ms())
    )
    return _existing(connection, assistant_id)


def delete(connection: Connection, assistant_id: AssistantId) -> None:
    _lock(connection, assistant_id)
    live = connection.scalar(
        select(func.count()).where(LIVE, executions.c.assistant_id == assistant_id).select_from(executions)
    )
    if live:
        raise AssistantBusy(f"{live} executions of this assistant are still running; stop them first.")
    connection.execute(sqlalchemy.delete(assistants).where(_row.id == assistant_id))


def _insert(
    connection: Connection, assistant_id: AssistantId, slug: str, owner_id: PrincipalId, status: AssistantStatus
) -> bool:
    """False if the slug is taken."""
    inserted = connection.execute(
        upsert(connection.dialect.name, assistants)
        .values(
            id=assistant_id,
            slug=slug,
            owner_id=owner_id,
            status=status,
            version=1,
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
        .on_conflict_do_nothing(index_elements=[_row.slug])
    )
    return inserted.rowcount > 0


def _lock(connection: Connection, assistant_id: AssistantId) -> AssistantRecord:
    connection.execute(select(_row.id).where(_row.id == assistant_id).with_for_update())
    return _existing(connection, assistant_id)


def _who_was_first(connection: Connection, latest: AssistantRecord) -> str:
    who = connection.execute(
        select(users.c.name, users.c.email)
        .join(assistant_versions, assistant_versions.c.created_by == users.c.id)
        .where(assistant_versions.c.id == latest.version_id)
    ).one_or_none()
    name = "Somebody" if who is None else who.name or who.email
    return f"{name} saved version {latest.version} in between. Look at it, then save on top of it or leave it."


def _existing(connection: Connection, assistant_id: AssistantId) -> AssistantRecord:
    record = assistant_reads.get(connection, assistant_id)
    if record is None or record.id != assistant_id:
        raise AssistantNotFound("There is no such assistant.")
    return record


def _add_version(
    connection: Connection,
    assistant_id: AssistantId,
    version_id: VersionId,
    number: int,
    definition: Definition,
    created_by: PrincipalId,
) -> None:
    connection.execute(
        insert(assistant_versions).values(
            id=version_id,
            assistant_id=assistant_id,
            number=number,
            name=definition.name,
            description=definition.description,
            created_by=created_by,
            created_ms=now_ms(),
            definition=encode_definition(definition),
        )
    )


def _free_slug(connection: Connection, name: str) -> str:
    slug = slug_of(name)
    taken = connection.scalars(select(_row.slug).where(_row.slug.startswith(slug, autoescape=True)))
    return first_free(slug, set(taken))

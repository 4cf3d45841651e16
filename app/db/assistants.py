"""Assistants and their immutable versions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.db import assistant_reads, assistant_writes
from app.db.port import Database
from app.db.records import (
    AssistantRecord,
    AssistantStatus,
    AssistantSummary,
    Page,
    UserRecord,
    VersionRecord,
    VersionSummary,
)
from lib.streaming.definition import Definition
from lib.streaming.ids import IdFactory
from lib.streaming.types import AssistantId, PrincipalId, VersionId


class AssistantRepository:
    """Takes definitions as already checked. Who may do what is the caller's business."""

    def __init__(self, database: Database, new_id: IdFactory) -> None:
        self._database = database
        self._new_id = new_id

    async def create(
        self, owner_id: PrincipalId, definition: Definition, status: AssistantStatus = AssistantStatus.DRAFT
    ) -> AssistantRecord:
        """Store version 1; the slug is made from the name and unique."""
        ids = AssistantId(self._new_id()), VersionId(self._new_id())
        return await self._database.write(
            lambda connection: assistant_writes.create(connection, *ids, owner_id, definition, status)
        )

    async def get(self, id_or_slug: str) -> AssistantRecord | None:
        return await self._database.read_one(lambda connection: assistant_reads.get(connection, id_or_slug))

    async def list(self, viewer: UserRecord, limit: int, cursor: str | None = None) -> Page[AssistantSummary]:
        """Approved ones and the viewer's own, for an admin all; newest first. Raises `InvalidCursor`."""
        return await self._database.read(
            lambda connection: assistant_reads.visible_to(connection, viewer, limit, cursor)
        )

    async def search(
        self, viewer: UserRecord, text: str, limit: int, cursor: str | None = None
    ) -> Page[AssistantSummary]:
        """As `list`, of those whose name or description holds every word of `text`, whatever its case."""
        words = text.split()
        return await self._database.read(
            lambda connection: assistant_reads.found(connection, viewer, words, limit, cursor)
        )

    async def authored(
        self,
        owner_id: PrincipalId | None,
        status: AssistantStatus | None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[AssistantSummary]:
        """Those of one author, or of all; in one status, or in any; newest first. Raises `InvalidCursor`."""
        return await self._database.read(
            lambda connection: assistant_reads.authored(connection, owner_id, status, limit, cursor)
        )

    async def with_status(
        self, status: AssistantStatus, limit: int, cursor: str | None = None
    ) -> Page[AssistantRecord]:
        """Everybody's, with their definitions; newest first. Raises `InvalidCursor`."""
        return await self._database.read(
            lambda connection: assistant_reads.with_status(connection, status, limit, cursor)
        )

    async def change(
        self,
        assistant_id: AssistantId,
        definition: Definition,
        changed_by: PrincipalId,
        based_on: Collection[int] | None = None,
    ) -> AssistantRecord:
        """Store a new version; an approved assistant goes back to `pending_approval`.

        `based_on`: the newest version must be one of these; None takes any. Raises `AssistantNotFound`,
        `VersionConflict`. The slug stays.
        """
        version_id = VersionId(self._new_id())
        return await self._database.write(
            lambda connection: assistant_writes.change(
                connection, assistant_id, version_id, definition, changed_by, based_on
            )
        )

    async def versions(self, assistant_id: AssistantId) -> Sequence[VersionSummary]:
        """All versions, newest first."""
        return await self._database.read(lambda connection: assistant_reads.versions(connection, assistant_id))

    async def version(self, assistant_id: AssistantId, number: int) -> VersionRecord | None:
        return await self._database.read(lambda connection: assistant_reads.version(connection, assistant_id, number))

    async def set_status(
        self,
        assistant_id: AssistantId,
        status: AssistantStatus,
        allowed_from: Collection[AssistantStatus],
        reason: str | None = None,
    ) -> AssistantRecord:
        """Move to a status; `reason` replaces the reason of an earlier rejection.

        Raises `AssistantNotFound`, `StatusConflict`.
        """
        return await self._database.write(
            lambda connection: assistant_writes.set_status(connection, assistant_id, status, allowed_from, reason)
        )

    async def delete(self, assistant_id: AssistantId) -> None:
        """Remove it with its versions and finished executions. Raises `AssistantNotFound`, `AssistantBusy`."""
        await self._database.write(lambda connection: assistant_writes.delete(connection, assistant_id))

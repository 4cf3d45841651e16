"""/api/admin/audit: who did what."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter

from app.api.admin.caller import GUARDS
from app.api.dependencies import TheAudit
from app.api.moment import milliseconds, moment
from app.api.parameters import DEFAULT_LIMIT, Cursor, Limit
from app.db.records import AuditFilter, AuditRecord
from lib.streaming.types import PrincipalId

Actor = Annotated[str | None, QueryParameter(name="actor", description="The id of the user who did it.")]
Action = Annotated[str | None, QueryParameter(name="action", description="Such as `user.change`.")]
Target = Annotated[str | None, QueryParameter(name="target", description="The id of what it was done to.")]
From = Annotated[datetime | None, QueryParameter(name="from", description="Done at this time or later.")]
To = Annotated[datetime | None, QueryParameter(name="to", description="Done before this time.")]


class AuditItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`actor_id` is null for the service itself, and for somebody who was removed."""

    id: str
    at: str
    actor_id: PrincipalId | None
    actor_email: str | None
    action: str
    target: str
    details: dict[str, object]
    request_id: str | None


class AuditList(msgspec.Struct, frozen=True, rename="camel"):
    items: tuple[AuditItem, ...]
    next_cursor: str | None


@get("/api/admin/audit", summary="Who did what, newest first", guards=GUARDS)
async def list_audit(
    audit: TheAudit,
    actor: Actor = None,
    action: Action = None,
    target: Target = None,
    from_: From = None,
    to: To = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> AuditList:
    where = AuditFilter(
        actor_id=PrincipalId(actor) if actor else None,
        action=action or None,
        target=target or None,
        from_ms=milliseconds(from_),
        to_ms=milliseconds(to),
    )
    page = await audit.list(limit, cursor, where)
    return AuditList(tuple(_item(record) for record in page.items), page.next_cursor)


def _item(record: AuditRecord) -> AuditItem:
    return AuditItem(
        id=str(record.id),
        at=moment(record.at_ms),
        actor_id=record.actor_id,
        actor_email=record.actor_email,
        action=record.action,
        target=record.target,
        details=dict[str, object](record.details),
        request_id=record.request_id,
    )


ROUTES = (list_audit,)

"""Who may administer, and the trace that is left of it."""

from __future__ import annotations

from typing import Any, TypeAlias

from litestar import Request

from app.db.audit import AuditRepository
from app.db.records import UserRole
from app.http.guards import principal_of, requires_role, requires_scope
from app.http.principal import Principal, Scope
from app.http.request_record import request_record
from lib.streaming.types import Value

GUARDS = [requires_role(UserRole.ADMIN), requires_scope(Scope.ADMIN)]

Caller: TypeAlias = Request[Principal, Any, Any]


async def note(
    request: Request[Any, Any, Any], audit: AuditRepository, action: str, target: str, **details: Value
) -> None:
    """Leave an audit row of what the caller did."""
    request_id = request_record(request.scope).request_id
    await audit.add(principal_of(request).id, action, target, details, request_id)

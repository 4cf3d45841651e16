"""What a list of executions is narrowed to, read from an address."""

from __future__ import annotations

from datetime import datetime

from app.api.moment import milliseconds
from app.db.oversight import OversightFilter
from app.db.users import UserRepository
from lib.streaming.types import AssistantId, ExecutionStatus, PrincipalId


async def oversight_filter(
    users: UserRepository,
    *,
    status: ExecutionStatus | None,
    code: str | None,
    user: str | None,
    assistant: str | None,
    model: str | None,
    text: str | None,
    from_: datetime | None,
    to: datetime | None,
) -> OversightFilter:
    """`user` is an id or an e-mail address; one that nobody has finds nothing. Empty means any."""
    return OversightFilter(
        status=status,
        code=code or None,
        principal_id=await _principal(users, user) if user else None,
        assistant_id=AssistantId(assistant) if assistant else None,
        model=model or None,
        text=text or None,
        from_ms=milliseconds(from_),
        to_ms=milliseconds(to),
    )


async def _principal(users: UserRepository, text: str) -> PrincipalId:
    found = await users.by_email(text)
    return found.id if found is not None else PrincipalId(text)

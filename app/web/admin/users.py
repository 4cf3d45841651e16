"""GET /admin/users: people, and one of them with their keys."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from app.api.admin.caller import GUARDS
from app.api.admin.users import existing
from app.db.api_keys import ApiKeyRepository
from app.db.audit import AuditRepository
from app.db.records import AuditFilter, UserRole
from app.db.users import UserRepository
from app.web.page import Caller, ThePages
from app.web.paging import ROWS, first, onward

_RECENT = 10


@get("/admin/users", include_in_schema=False, guards=GUARDS)
async def users_page(
    request: Caller,
    pages: ThePages,
    users: NamedDependency[UserRepository],
    q: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Template:
    found = await users.list(ROWS, cursor or None, q)
    return pages.page(
        request,
        "admin/users.html",
        users=found.items,
        q=q or "",
        roles=list(UserRole),
        following=onward(request, found.next_cursor),
        beginning=first(request),
    )


@get("/admin/users/{user_id:str}", include_in_schema=False, guards=GUARDS)
async def user_page(
    request: Caller,
    user_id: FromPath[str],
    pages: ThePages,
    users: NamedDependency[UserRepository],
    api_keys: NamedDependency[ApiKeyRepository],
    audit: NamedDependency[AuditRepository],
) -> Template:
    user = await existing(users, user_id)
    recent = await audit.list(_RECENT, None, AuditFilter(actor_id=user.id))
    return pages.page(
        request,
        "admin/user.html",
        user=user,
        roles=list(UserRole),
        keys=await api_keys.list(user.id),
        recent=recent.items,
    )


ROUTES = (users_page, user_page)

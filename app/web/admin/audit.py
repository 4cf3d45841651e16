"""GET /admin/audit and /admin/retention: what was done, and how long things are kept."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from app.api.admin.caller import GUARDS
from app.api.admin.maintenance_work import Maintenance
from app.api.moment import milliseconds
from app.db.audit import AuditRepository
from app.db.records import AuditFilter
from app.db.users import UserRepository
from app.retention import DAY_MS, Ages
from app.web.days import day
from app.web.page import Caller, ThePages
from app.web.paging import ROWS, first, onward
from lib.streaming.types import PrincipalId


@get("/admin/audit", include_in_schema=False, guards=GUARDS)
async def audit_page(
    request: Caller,
    pages: ThePages,
    audit: NamedDependency[AuditRepository],
    users: NamedDependency[UserRepository],
    actor: FromQuery[str | None] = None,
    action: FromQuery[str | None] = None,
    target: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Template:
    """`actor` is an e-mail address or an id; `from` and `to` are days, both included, UTC."""
    where = AuditFilter(
        actor_id=await _actor(users, actor) if actor else None,
        action=action or None,
        target=(target or "").strip() or None,
        from_ms=milliseconds(day(request.query_params.get("from", ""), "from")),
        to_ms=milliseconds(day(request.query_params.get("to", ""), "to", later=1)),
    )
    found = await audit.list(ROWS, cursor or None, where)
    return pages.page(
        request,
        "admin/audit.html",
        rows=found.items,
        actions=ACTIONS,
        asked={name: request.query_params.get(name, "") for name in ("actor", "action", "target", "from", "to")},
        following=onward(request, found.next_cursor),
        beginning=first(request),
    )


@get("/admin/retention", include_in_schema=False, guards=GUARDS)
async def retention_page(
    request: Caller,
    pages: ThePages,
    maintenance: NamedDependency[Maintenance],
    retention_ages: NamedDependency[Ages],
) -> Template:
    unheld, unpacked = await maintenance.sweep.due()
    return pages.page(
        request,
        "admin/retention.html",
        ages=retention_ages,
        day_ms=DAY_MS,
        due=await maintenance.due(),
        unheld=unheld,
        unpacked=unpacked,
    )


#: What can be chosen to look for.
ACTIONS = (
    *("assistant.approve", "assistant.change", "assistant.create", "assistant.delete", "assistant.disable"),
    *("assistant.export", "assistant.import", "assistant.read", "assistant.reject", "assistant.review"),
    *("assistant.submit", "execution.cancel", "execution.follow", "execution.read", "execution.remove"),
    *("execution.replay", "execution.rerun", "key.create", "key.revoke", "maintenance.retention"),
    *("maintenance.sweep", "provider.test", "retention.began", "retention.ended", "session.link"),
    *("session.password", "user.change", "user.create", "user.sign_in_link"),
)


async def _actor(users: UserRepository, text: str) -> PrincipalId:
    """Somebody who is not there has done nothing."""
    user = await users.by_email(text)
    return user.id if user is not None else PrincipalId(text)


ROUTES = (audit_page, retention_page)

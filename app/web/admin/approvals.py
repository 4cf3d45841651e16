"""GET /admin/approvals: what waits for a decision, and what is disabled."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from app.api.admin.caller import GUARDS, note
from app.api.assistants.review import MAX_REASON
from app.db.assistants import AssistantRepository
from app.db.audit import AuditRepository
from app.db.records import AssistantStatus
from app.db.users import UserRepository
from app.web.page import Caller, ThePages
from app.web.paging import first, onward

_ROWS = 10
_TABS = {"waiting": AssistantStatus.PENDING_APPROVAL, "disabled": AssistantStatus.DISABLED}


@get("/admin/approvals", include_in_schema=False, guards=GUARDS)
async def approvals_page(
    request: Caller,
    pages: ThePages,
    assistants: NamedDependency[AssistantRepository],
    users: NamedDependency[UserRepository],
    audit: NamedDependency[AuditRepository],
    show: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Template:
    """Others' definitions are shown whole, so each look is written down."""
    tab = show if show in _TABS else "waiting"
    found = await assistants.with_status(_TABS[tab], _ROWS, cursor or None)
    owners = {owner: await users.by_id(owner) for owner in {one.owner_id for one in found.items}}
    if found.items:
        await note(request, audit, "assistant.review", tab, ids=[one.id for one in found.items])
    return pages.page(
        request,
        "admin/approvals.html",
        tab=tab,
        assistants=found.items,
        owners=owners,
        most_reason=MAX_REASON,
        following=onward(request, found.next_cursor),
        beginning=first(request),
    )


ROUTES = (approvals_page,)

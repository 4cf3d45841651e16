"""GET /assistants: what one has built; for administrators what everybody has."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from app.db.assistants import AssistantRepository
from app.db.records import AssistantStatus, UserRole
from app.db.users import UserRepository
from app.http.guards import principal_of, requires_role
from app.web.page import Caller, ThePages
from lib.streaming.model_catalogue import ModelCatalogue

PAGE_SIZE = 50


@get("/assistants", include_in_schema=False, guards=[requires_role(UserRole.AUTHOR)])
async def assistants_page(
    request: Caller,
    pages: ThePages,
    assistants: NamedDependency[AssistantRepository],
    users: NamedDependency[UserRepository],
    catalogue: NamedDependency[ModelCatalogue],
) -> Template:
    """`status` narrows it, `whose=all` widens it for administrators, `cursor` goes on; other words mean nothing."""
    caller, query = principal_of(request), request.query_params
    sees_all = caller.has_role(UserRole.ADMIN)
    is_wide = sees_all and query.get("whose") == "all"
    state = _state(query.get("status", ""))
    owner = None if is_wide else caller.id
    page = await assistants.authored(owner, state, PAGE_SIZE, query.get("cursor"))
    chosen = {"whose": "all" if is_wide else "", "status": state or ""}
    return pages.page(
        request,
        "authoring/list.html",
        items=page.items,
        owners=await users.emails([item.owner_id for item in page.items]) if is_wide else {},
        is_wide=is_wide,
        sees_all=sees_all,
        state=state,
        states=list(AssistantStatus),
        models=catalogue.listed(),
        next_page=_address({**chosen, "cursor": page.next_cursor}) if page.next_cursor else None,
        is_first="cursor" not in query,
        first_page=_address(chosen),
    )


def _state(text: str) -> AssistantStatus | None:
    return AssistantStatus(text) if text in set(AssistantStatus) else None


def _address(query: Mapping[str, str | None]) -> str:
    given = urlencode({name: value for name, value in query.items() if value})
    return f"/assistants?{given}" if given else "/assistants"


ROUTES = (assistants_page,)

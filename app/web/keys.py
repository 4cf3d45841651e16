"""GET /keys: one's own API keys."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from app.api.access import Access
from app.api.key_request import MAX_NAME
from app.db.api_keys import ApiKeyRepository
from app.http.guards import principal_of
from app.http.principal import Scope
from app.web.page import Caller, ThePages

#: What each scope lets a program do.
SCOPES = {
    Scope.EXECUTIONS_RUN: "start, stop and remove runs",
    Scope.EXECUTIONS_READ: "read and follow runs",
    Scope.ASSISTANTS_READ: "see assistants",
    Scope.ASSISTANTS_WRITE: "make and change assistants",
    Scope.KEYS_WRITE: "make and revoke keys",
    Scope.ADMIN: "everything an administrator may",
}


@get("/keys", include_in_schema=False)
async def keys_page(
    request: Caller,
    pages: ThePages,
    api_keys: NamedDependency[ApiKeyRepository],
    access: NamedDependency[Access],
) -> Template:
    caller = principal_of(request)
    return pages.page(
        request,
        "keys.html",
        keys=await api_keys.list(caller.id),
        scopes={scope: does for scope, does in SCOPES.items() if scope in caller.scopes},
        most_name=MAX_NAME,
        now_ms=access.now_ms(),
    )


ROUTES = (keys_page,)

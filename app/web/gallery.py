"""GET /: the assistants that the caller may run, and what they did with them lately."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from app.api.dependencies import TheAssistants, TheExecutions
from app.api.parameters import Cursor
from app.db.records import AssistantStatus, AssistantSummary, ExecutionSummary, UserRecord, UserRole
from app.http.guards import principal_of
from app.http.principal import Principal
from app.web.page import Caller, ThePages

PAGE = 24
#: Of the caller's own runs the newest so many are looked through, whatever their number.
RUNS_LOOKED_AT = 100
RUNS_SHOWN = 2


class Card(msgspec.Struct, frozen=True):
    """An assistant, whether it is the caller's and not approved, and the caller's newest runs of it."""

    assistant: AssistantSummary
    unapproved: bool
    runs: tuple[ExecutionSummary, ...]


@get("/", include_in_schema=False)
async def gallery(
    request: Caller,
    pages: ThePages,
    assistants: TheAssistants,
    executions: TheExecutions,
    q: FromQuery[str] = "",
    cursor: Cursor = None,
) -> Template:
    """Two statements, whatever is shown."""
    caller = principal_of(request)
    found = await assistants.search(_as_user(caller), q, PAGE, cursor)
    recent = await executions.list(caller.id, RUNS_LOOKED_AT)
    more = f"/?{urlencode({'q': q, 'cursor': found.next_cursor})}" if found.next_cursor else None
    cards = _cards(found.items, recent.items)
    return pages.page(request, "gallery/gallery.html", q=q, cards=cards, more=more, is_first=cursor is None)


def _cards(found: Iterable[AssistantSummary], recent: Iterable[ExecutionSummary]) -> list[Card]:
    runs: dict[str, list[ExecutionSummary]] = {}
    for run in recent:
        runs.setdefault(run.assistant_id, []).append(run)
    return [
        Card(one, one.status is not AssistantStatus.APPROVED, tuple(runs.get(one.id, ())[:RUNS_SHOWN])) for one in found
    ]


def _as_user(caller: Principal) -> UserRecord:
    """Also an administrator's gallery shows what is approved and their own; others' drafts have their own place."""
    return UserRecord(
        id=caller.id, email=caller.email, name=caller.name, role=UserRole.USER, disabled=False, created_ms=0
    )


ROUTES = (gallery,)

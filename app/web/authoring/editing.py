"""GET /assistants/new and /assistants/{id}/edit: the editor, with all it starts from in the page."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from app.api.access import Access
from app.api.assistant_json import assistant_detail
from app.api.dependencies import TheAccess, TheCatalogue, ThePrices
from app.api.models import known
from app.api.price_json import price_item
from app.db.records import AssistantRecord, UserRole
from app.http.guards import principal_of, requires_role
from app.http.request_record import request_record
from app.price_list import KeptPrices
from app.web.page import Caller, Pages, ThePages
from lib.streaming.model_catalogue import ModelCatalogue

AUTHORS = [requires_role(UserRole.AUTHOR)]


@get("/assistants/new", include_in_schema=False, guards=AUTHORS)
async def new_page(request: Caller, pages: ThePages, catalogue: TheCatalogue, prices: ThePrices) -> Template:
    """The editor with nothing in it; what is saved becomes version 1."""
    return _editor(request, pages, catalogue, prices, None)


@get("/assistants/{assistant:str}/edit", include_in_schema=False, guards=AUTHORS)
async def edit_page(
    request: Caller,
    assistant: FromPath[str],
    pages: ThePages,
    access: TheAccess,
    catalogue: TheCatalogue,
    prices: ThePrices,
) -> Template:
    """The editor with the current version; `assistant` is an id or a slug."""
    record = await changeable(request, access, assistant, "assistant.read")
    return _editor(request, pages, catalogue, prices, record)


async def changeable(request: Caller, access: Access, name: str, action: str) -> AssistantRecord:
    """An assistant the caller may change; a look at another's leaves an audit row."""
    caller = principal_of(request)
    record = await access.own_assistant(caller, name)
    if record.owner_id != caller.id:
        await access.note(caller, action, record.id, request_record(request.scope).request_id)
    return record


def _editor(
    request: Caller, pages: Pages, catalogue: ModelCatalogue, prices: KeptPrices, record: AssistantRecord | None
) -> Template:
    caller = principal_of(request)
    start = {
        "assistant": msgspec.to_builtins(assistant_detail(record)) if record else None,
        "models": known(catalogue, prices),
        "providers": list(catalogue.models),
        "own": list(prices.own),
        "prices": {model: msgspec.to_builtins(price_item(price)) for model, price in prices.priced()},
        "isAdmin": caller.has_role(UserRole.ADMIN),
    }
    return pages.page(request, "authoring/editor.html", assistant=record, start=start)


ROUTES = (new_page, edit_page)

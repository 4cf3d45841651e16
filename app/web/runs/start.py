"""GET /assistants/{id or slug}/run: the form of an assistant and what it will do."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from app.api.access import may_change
from app.api.dependencies import TheAccess
from app.db.records import AssistantStatus
from app.http.guards import principal_of
from app.web.page import Caller, ThePages
from app.web.runs.chain import policy_in_words, steps_of


@get("/assistants/{name:str}/run", include_in_schema=False)
async def run_page(request: Caller, name: FromPath[str], pages: ThePages, access: TheAccess) -> Template:
    """The form is made here, so that it is there at once and can be read without JavaScript."""
    assistant = await access.assistant(principal_of(request), name)
    definition = assistant.definition
    return pages.page(
        request,
        "runs/start.html",
        assistant=assistant,
        definition=definition,
        steps=steps_of(definition),
        policy=policy_in_words(definition.on_disconnect),
        unapproved=assistant.status is not AssistantStatus.APPROVED,
        may_change=may_change(principal_of(request), assistant),
        values={},
    )


ROUTES = (run_page,)

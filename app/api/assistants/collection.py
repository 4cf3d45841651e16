"""GET and POST /api/assistants."""

from typing import Any

from litestar import Request, get, post
from litestar.params import RawBody
from litestar.response import Response

from app.api.access import viewer
from app.api.assistant_json import AssistantDetail, AssistantList, assistant_detail, assistant_item
from app.api.dependencies import TheAccess, TheAssistants, TheDefinitions
from app.api.documented import named_body
from app.api.parameters import DEFAULT_LIMIT, Cursor, Limit
from app.db.records import UserRole
from app.http.guards import principal_of, requires_role, requires_scope
from app.http.principal import Principal, Scope
from app.http.request_record import request_id_of


@get(
    "/api/assistants",
    summary="Approved assistants and own ones, newest first",
    guards=[requires_scope(Scope.ASSISTANTS_READ)],
)
async def list_assistants(
    request: Request[Principal, Any, Any],
    assistants: TheAssistants,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> AssistantList:
    page = await assistants.list(viewer(principal_of(request)), limit, cursor)
    return AssistantList(tuple(assistant_item(summary) for summary in page.items), page.next_cursor)


@post(
    "/api/assistants",
    summary="Make an assistant",
    operation_class=named_body("Definition"),
    guards=[requires_role(UserRole.AUTHOR), requires_scope(Scope.ASSISTANTS_WRITE)],
)
async def create_assistant(
    request: Request[Principal, Any, Any],
    body: RawBody,
    access: TheAccess,
    assistants: TheAssistants,
    definitions: TheDefinitions,
) -> Response[AssistantDetail]:
    """Version 1, as a draft that only its author can run."""
    definition = await definitions.read(body)
    assistant = await assistants.create(principal_of(request).id, definition)
    await access.note(principal_of(request), "assistant.create", assistant.id, request_id_of(request))
    return Response(assistant_detail(assistant), headers={"Location": f"/api/assistants/{assistant.id}"})


ROUTES = (list_assistants, create_assistant)

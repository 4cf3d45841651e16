"""POST /api/assistants/{id}/submit, approve, reject and disable: from a draft to something everybody may run."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import FromPath, RawBody

from app.api.assistant_json import AssistantDetail, assistant_detail
from app.api.dependencies import TheAccess, TheAssistants
from app.api.documented import json_body
from app.api.request_body import finished, object_in
from app.db.records import AssistantStatus, UserRole
from app.http.guards import principal_of, requires_role, requires_scope
from app.http.principal import Principal, Scope
from app.http.request_record import request_id_of

WRITE = [requires_scope(Scope.ASSISTANTS_WRITE)]
ADMIN = [requires_role(UserRole.ADMIN), requires_scope(Scope.ADMIN)]
MAX_REASON = 2000

#: From where a move may be made.
_SUBMITTED_FROM = (AssistantStatus.DRAFT, AssistantStatus.REJECTED)
_APPROVED_FROM = (
    AssistantStatus.DRAFT,
    AssistantStatus.PENDING_APPROVAL,
    AssistantStatus.REJECTED,
    AssistantStatus.DISABLED,
)
_REJECTED_FROM = (AssistantStatus.PENDING_APPROVAL,)
_DISABLED_FROM = (AssistantStatus.APPROVED, AssistantStatus.PENDING_APPROVAL)

Caller = Request[Principal, Any, Any]


class RejectBody(msgspec.Struct):
    """`reason`: what its author reads."""

    reason: str


@post("/api/assistants/{assistant:str}/submit", status_code=200, summary="Ask for approval", guards=WRITE)
async def submit_assistant(
    request: Caller, assistant: FromPath[str], access: TheAccess, assistants: TheAssistants
) -> AssistantDetail:
    record = await access.own_assistant(principal_of(request), assistant)
    moved = await assistants.set_status(record.id, AssistantStatus.PENDING_APPROVAL, _SUBMITTED_FROM)
    await access.note(principal_of(request), "assistant.submit", record.id, request_id_of(request))
    return assistant_detail(moved)


@post("/api/assistants/{assistant:str}/approve", status_code=200, summary="Let everybody run it", guards=ADMIN)
async def approve_assistant(
    request: Caller, assistant: FromPath[str], access: TheAccess, assistants: TheAssistants
) -> AssistantDetail:
    record = await access.own_assistant(principal_of(request), assistant)
    moved = await assistants.set_status(record.id, AssistantStatus.APPROVED, _APPROVED_FROM)
    await access.note(principal_of(request), "assistant.approve", record.id, request_id_of(request))
    return assistant_detail(moved)


@post(
    "/api/assistants/{assistant:str}/reject",
    status_code=200,
    summary="Send it back to its author",
    operation_class=json_body(RejectBody),
    guards=ADMIN,
)
async def reject_assistant(
    request: Caller, assistant: FromPath[str], body: RawBody, access: TheAccess, assistants: TheAssistants
) -> AssistantDetail:
    record = await access.own_assistant(principal_of(request), assistant)
    reader = object_in(body)
    reason = reader.text("reason", MAX_REASON, required=True)
    finished(reader)
    moved = await assistants.set_status(record.id, AssistantStatus.REJECTED, _REJECTED_FROM, reason)
    await access.note(principal_of(request), "assistant.reject", record.id, request_id_of(request))
    return assistant_detail(moved)


@post(
    "/api/assistants/{assistant:str}/disable", status_code=200, summary="Let nobody but its author run it", guards=ADMIN
)
async def disable_assistant(
    request: Caller, assistant: FromPath[str], access: TheAccess, assistants: TheAssistants
) -> AssistantDetail:
    record = await access.own_assistant(principal_of(request), assistant)
    moved = await assistants.set_status(record.id, AssistantStatus.DISABLED, _DISABLED_FROM)
    await access.note(principal_of(request), "assistant.disable", record.id, request_id_of(request))
    return assistant_detail(moved)


ROUTES = (submit_assistant, approve_assistant, reject_assistant, disable_assistant)

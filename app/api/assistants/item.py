"""GET, PUT and DELETE /api/assistants/{id}, and its versions."""

from typing import Any

from litestar import Request, Response, delete, get, put
from litestar.params import FromPath, RawBody

from app.api.assistant_json import (
    AssistantDetail,
    VersionDetail,
    VersionList,
    version_detail,
    version_item,
)
from app.api.assistants.version_match import tagged, versions_in
from app.api.dependencies import TheAccess, TheAssistants, TheDefinitions
from app.api.documented import named_body
from app.api.parameters import IfMatch
from app.http.guards import principal_of, requires_scope
from app.http.principal import Principal, Scope
from app.http.problems import ApiError
from app.http.request_record import request_id_of

READ = [requires_scope(Scope.ASSISTANTS_READ)]
WRITE = [requires_scope(Scope.ASSISTANTS_WRITE)]

Caller = Request[Principal, Any, Any]


@get("/api/assistants/{assistant:str}", summary="An assistant with its definition", guards=READ)
async def read_assistant(request: Caller, assistant: FromPath[str], access: TheAccess) -> Response[AssistantDetail]:
    """`assistant` is its id or its slug, here and below. Its `ETag` is the number of its version."""
    return tagged(await access.read_assistant(principal_of(request), assistant, request_id_of(request)))


@put(
    "/api/assistants/{assistant:str}",
    summary="Change an assistant: a new version",
    operation_class=named_body("Definition"),
    guards=WRITE,
)
async def change_assistant(
    request: Caller,
    assistant: FromPath[str],
    body: RawBody,
    access: TheAccess,
    assistants: TheAssistants,
    definitions: TheDefinitions,
    if_match: IfMatch = None,
) -> Response[AssistantDetail]:
    """Running executions keep their version; an approved assistant waits for approval again.

    With `If-Match`, refused (412) if a newer version was saved in between.
    """
    caller = principal_of(request)
    record = await access.own_assistant(caller, assistant)
    based_on = versions_in(if_match)
    changed = await assistants.change(record.id, await definitions.read(body), caller.id, based_on)
    await access.note(caller, "assistant.change", record.id, request_id_of(request))
    return tagged(changed)


@delete("/api/assistants/{assistant:str}", summary="Remove an assistant with its finished executions", guards=WRITE)
async def remove_assistant(
    request: Caller, assistant: FromPath[str], access: TheAccess, assistants: TheAssistants
) -> None:
    """Refused (409) while an execution of it is live."""
    record = await access.own_assistant(principal_of(request), assistant)
    await assistants.delete(record.id)
    await access.note(principal_of(request), "assistant.delete", record.id, request_id_of(request))


@get("/api/assistants/{assistant:str}/versions", summary="All versions, newest first", guards=READ)
async def list_versions(
    request: Caller, assistant: FromPath[str], access: TheAccess, assistants: TheAssistants
) -> VersionList:
    record = await access.assistant(principal_of(request), assistant)
    versions = await assistants.versions(record.id)
    return VersionList(tuple(version_item(version) for version in versions), None)


@get("/api/assistants/{assistant:str}/versions/{number:int}", summary="One immutable version", guards=READ)
async def read_version(
    request: Caller, assistant: FromPath[str], number: FromPath[int], access: TheAccess, assistants: TheAssistants
) -> VersionDetail:
    record = await access.read_assistant(principal_of(request), assistant, request_id_of(request))
    version = await assistants.version(record.id, number)
    if version is None:
        raise ApiError("not_found", f"There is no version {number}; the current one is {record.version}.")
    return version_detail(version)


ROUTES = (read_assistant, change_assistant, remove_assistant, list_versions, read_version)

"""POST /api/assistants/import and /export: the file format other systems of this kind use."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import QueryParameter, RawBody
from litestar.response import Response

from app.api.access import Access
from app.api.assistants.importing import ImportAnswer
from app.api.dependencies import TheAccess, TheImporter
from app.api.documented import body_of, json_body
from app.api.request_body import finished, object_in
from app.db.records import AssistantRecord, UserRole
from app.http.bodies import MAX_IMPORT_BYTES
from app.http.guards import principal_of, requires_role, requires_scope
from app.http.principal import Principal, Scope
from app.http.problems import ApiError, FieldError
from app.http.request_record import request_id_of
from lib.streaming.clock import rfc3339
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.origin_format.exporting import export_assistants, lost_in_export

ADMIN = [requires_role(UserRole.ADMIN), requires_scope(Scope.ASSISTANTS_WRITE)]
READ = [requires_scope(Scope.ASSISTANTS_READ)]

#: What multipart adds to a file of the largest size.
MULTIPART_BYTES = 64 * 1024
MAX_EXPORTED = 1000
SOURCE = "assistant-architect"

Caller = Request[Principal, Any, Any]

_FILE = {"type": "object", "properties": {"version": {"const": "1.0"}, "assistants": {"type": "array"}}}
_UPLOAD = {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": "application/json"}}}


class ExportBody(msgspec.Struct):
    """`ids`: ids or slugs."""

    ids: list[str]


@post(
    "/api/assistants/import",
    status_code=200,
    summary="Import a file of assistants",
    operation_class=body_of({"application/json": _FILE, "multipart/form-data": _UPLOAD}),
    guards=ADMIN,
    request_max_body_size=MAX_IMPORT_BYTES + MULTIPART_BYTES,
)
async def import_file(
    request: Caller,
    access: TheAccess,
    importer: TheImporter,
    model: Annotated[
        str | None,
        QueryParameter(description="`<provider>/<model id>` to take for every model that cannot be found here."),
    ] = None,
) -> ImportAnswer:
    """Each assistant is taken whole, to wait for approval, or refused with every reason; 422 if none is taken."""
    caller = principal_of(request)
    answer = await importer.run(caller.id, await _file_of(request), model)
    for taken in answer.imported:
        await access.note(caller, "assistant.import", taken.id, request_id_of(request))
    return answer


@post(
    "/api/assistants/export",
    status_code=200,
    summary="Export assistants to a file",
    operation_class=json_body(ExportBody),
    guards=READ,
)
async def export_file(request: Caller, body: RawBody, access: TheAccess) -> Response[bytes]:
    """Own ones; an administrator any. `X-Not-Exported` names what the format has no place for."""
    records = await _chosen(principal_of(request), body, access)
    for record in records:
        if record.owner_id != principal_of(request).id:
            await access.note(principal_of(request), "assistant.export", record.id, request_id_of(request))
    definitions = [record.definition for record in records]
    now = rfc3339(access.now_ms())
    file = await asyncio.to_thread(export_assistants, definitions, now, SOURCE)
    lost = [
        f"assistants[{number}].{problem.path}"
        for number, definition in enumerate(definitions)
        for problem in lost_in_export(definition)
    ]
    name = f"assistants-export-{now.replace(':', '-')}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Not-Exported": ", ".join(lost[:20])}
    return Response(file, media_type="application/json", headers=headers)


async def _file_of(request: Caller) -> bytes:
    """The file of a form's upload, or the body itself."""
    if request.content_type[0] != RequestEncodingType.MULTI_PART:
        return await request.body()
    form = await request.form()
    for value in form.values():
        if isinstance(value, UploadFile):
            return await value.read()
    raise ApiError("invalid_request", "The form holds no file; send it in the field 'file'.")


async def _chosen(caller: Principal, body: bytes, access: Access) -> list[AssistantRecord]:
    reader = object_in(body)
    ids = reader.texts("ids", MAX_EXPORTED, 255)
    if not ids:
        reader.problem("ids", ProblemCode.MISSING, "Name at least one assistant, by its id or its slug.")
    finished(reader)
    records, errors = [], []
    for number, name in enumerate(ids):
        try:
            records.append(await access.own_assistant(caller, name))
        except ApiError as error:
            errors.append(FieldError(f"ids[{number}]", error.detail))
    if errors:
        raise ApiError(
            "not_found", "Nothing was exported: some of the assistants are not yours, or not there.", errors=errors
        )
    return records


ROUTES = (import_file, export_file)

"""GET /runs/{id}: one run, live while it lasts; DELETE takes it off a list."""

from __future__ import annotations

from http import HTTPStatus

from litestar import Response, delete, get
from litestar.params import FromPath
from litestar.response import Template

from app.api.access import Access
from app.api.dependencies import TheAccess, TheAssistants, TheExecutions
from app.db.execution_reader import ExecutionReader
from app.db.records import ExecutionRecord
from app.http.guards import principal_of
from app.http.problems import ApiError
from app.http.request_record import request_record
from app.web.page import Caller, ThePages
from app.web.runs.chain import cards_of, policy_in_words
from lib.streaming.types import ExecutionId


@get("/runs/{run_id:str}", include_in_schema=False)
async def show_run(
    request: Caller,
    run_id: FromPath[str],
    pages: ThePages,
    access: TheAccess,
    executions: TheExecutions,
    assistants: TheAssistants,
) -> Template:
    """The frame of the run as it stands; its text comes as events, from the first one on, once."""
    run = await read_run(request, run_id, access, executions)
    version = await assistants.version(run.assistant_id, run.version)
    if version is None:
        raise ApiError("not_found", "The assistant of this run was removed just now.")
    return pages.page(
        request,
        "runs/show.html",
        run=run,
        definition=version.definition,
        steps=cards_of(version.definition, run),
        policy=policy_in_words(run.on_disconnect),
        is_own=run.principal_id == principal_of(request).id,
        now_ms=access.now_ms(),
        values=run.inputs,
    )


@delete("/runs/{run_id:str}", status_code=HTTPStatus.OK, include_in_schema=False)
async def remove_run(
    request: Caller, run_id: FromPath[str], access: TheAccess, executions: TheExecutions
) -> Response[bytes]:
    """Nothing takes the place of its row; a run that has not ended is refused (409)."""
    await access.execution(principal_of(request), run_id, "execution.remove", request_record(request.scope).request_id)
    await executions.delete(ExecutionId(run_id))
    return Response(b"", media_type="text/html")


async def read_run(request: Caller, run_id: str, access: Access, executions: ExecutionReader) -> ExecutionRecord:
    """The record, for its owner and for administrators, whose look is noted. Raises `ApiError(not_found)`."""
    await access.execution(principal_of(request), run_id, "execution.read", request_record(request.scope).request_id)
    record = await executions.record(ExecutionId(run_id))
    if record is None:
        raise ApiError("not_found", "The run was removed just now.")
    return record


ROUTES = (show_run, remove_run)

"""GET /runs/{id}/markdown and /runs/{id}/json: a run as a file."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from app.api.dependencies import TheAccess, TheExecutions
from app.api.execution_json import execution_detail
from app.db.records import ExecutionRecord
from app.web.page import Caller
from app.web.runs.show import read_run


@get("/runs/{run_id:str}/markdown", include_in_schema=False)
async def as_markdown(
    request: Caller, run_id: FromPath[str], access: TheAccess, executions: TheExecutions
) -> Response[bytes]:
    """What the prompts answered, each under its name."""
    run = await read_run(request, run_id, access, executions)
    return _file(run, "md", "text/markdown", markdown(run).encode("utf-8", "replace"))


@get("/runs/{run_id:str}/json", include_in_schema=False)
async def as_json(
    request: Caller, run_id: FromPath[str], access: TheAccess, executions: TheExecutions
) -> Response[bytes]:
    """The whole record, as the API gives it."""
    run = await read_run(request, run_id, access, executions)
    return _file(run, "json", "application/json", msgspec.json.format(msgspec.json.encode(execution_detail(run))))


def markdown(run: ExecutionRecord) -> str:
    """The last attempt of each prompt; one that has not answered is left out."""
    answers = [(one.name, one.attempts[-1].output) for one in run.prompts if one.attempts and one.attempts[-1].output]
    parts = [f"# {_line(run.assistant_name)}", *(f"## {_line(name)}\n\n{output.strip()}" for name, output in answers)]
    return "\n\n".join(parts) + "\n"


def _line(name: str) -> str:
    return " ".join(name.split())


def _file(run: ExecutionRecord, ending: str, media_type: str, content: bytes) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="run-{run.id}.{ending}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


ROUTES = (as_markdown, as_json)

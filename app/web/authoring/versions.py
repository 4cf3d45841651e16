"""GET /assistants/{id}/versions: all of them, and what two of them differ in."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from app.api.access import Access
from app.db.assistants import AssistantRepository
from app.db.records import AssistantRecord
from app.db.users import UserRepository
from app.http.problems import ApiError
from app.web.authoring.difference import Row, difference
from app.web.authoring.editing import AUTHORS, changeable
from app.web.authoring.readable import lines_of
from app.web.page import Caller, ThePages
from lib.streaming.definition import Definition


@get("/assistants/{assistant:str}/versions", include_in_schema=False, guards=AUTHORS)
async def versions_page(
    request: Caller,
    assistant: FromPath[str],
    pages: ThePages,
    access: NamedDependency[Access],
    assistants: NamedDependency[AssistantRepository],
    users: NamedDependency[UserRepository],
) -> Template:
    """`before` and `after` are the numbers that are compared; by default the current version and the one before it."""
    record = await changeable(request, access, assistant, "assistant.read")
    versions = await assistants.versions(record.id)
    after = _number(request, "after", record.version)
    before = _number(request, "before", max(after - 1, 1))
    return pages.page(
        request,
        "authoring/versions.html",
        assistant=record,
        versions=versions,
        authors=await users.emails([version.created_by for version in versions]),
        before=before,
        after=after,
        rows=await _compared(assistants, record, before, after),
    )


def _number(request: Caller, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else otherwise


async def _compared(assistants: AssistantRepository, record: AssistantRecord, before: int, after: int) -> list[Row]:
    old, new = await _definition(assistants, record, before), await _definition(assistants, record, after)
    return await asyncio.to_thread(lambda: difference(lines_of(old), lines_of(new)))


async def _definition(assistants: AssistantRepository, record: AssistantRecord, number: int) -> Definition:
    version = await assistants.version(record.id, number)
    if version is None:
        raise ApiError("not_found", f"There is no version {number}; the current one is {record.version}.")
    return version.definition


ROUTES = (versions_page,)

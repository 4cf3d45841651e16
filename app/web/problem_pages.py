"""Errors as people see them: a page, or a notice where htmx asked for a piece of one; programs get problem+json."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Template
from litestar.types import ExceptionHandlersMap

from app.http.problems import answer_with_problem, told_to
from app.web.page import Pages, is_fragment_wanted

AnyRequest: TypeAlias = Request[Any, Any, Any]

_FOR_PROGRAMS = ("/api/", "/v1/", "/static/")


def exception_handlers(pages: Pages) -> ExceptionHandlersMap:
    """For the application: every exception becomes what its reader can read."""

    def answer(request: AnyRequest, error: Exception) -> Response[Any] | Template:
        if not _is_read_by_a_person(request):
            return answer_with_problem(request, error)
        return _answer_a_person(pages, request, error)

    return {Exception: answer}


def _is_read_by_a_person(request: AnyRequest) -> bool:
    if request.url.path.startswith(_FOR_PROGRAMS):
        return False
    return is_fragment_wanted(request) or "text/html" in request.headers.get("accept", "")


def _answer_a_person(pages: Pages, request: AnyRequest, error: Exception) -> Response[Any] | Template:
    told = told_to(request, error)
    if told.error.code == "unauthenticated":
        return _to_the_entrance(request)
    template = "problem_notice.html" if is_fragment_wanted(request) else "problem.html"
    kind = told.kind
    return pages.page(
        request, template, status=kind.status, title=kind.title, problem=told.error, request_id=told.request_id
    )


def _to_the_entrance(request: AnyRequest) -> Response[Any]:
    """Who is not signed in signs in, and comes back to where they wanted to go."""
    if is_fragment_wanted(request):
        return Response(b"", status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": "/sign-in"})
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = "/sign-in" if path == "/" else f"/sign-in?next={quote(path, safe='')}"
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers={"Location": target, "Cache-Control": "no-store"})

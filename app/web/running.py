"""GET /: run assistants."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from app.web.page import Caller, Pages


@get("/", include_in_schema=False)
async def first_page(request: Caller, pages: NamedDependency[Pages]) -> Template:
    """Pick an assistant, fill its form, watch it run, stop it."""
    return pages.page(request, "first.html")


ROUTES = (first_page,)

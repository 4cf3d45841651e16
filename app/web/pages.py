"""The pages: `/` and `/sign-in`. What they do is in our own modules under /static."""

from pathlib import Path
from typing import Any

from litestar import Request, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.response import Template
from litestar.static_files import create_static_files_router

from app.http.authentication import ANONYMOUS
from app.http.csrf import CsrfTokens
from app.http.principal import Principal

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "templates"

Caller = Request[Principal | None, Any, Any]


@get("/", include_in_schema=False, opt={ANONYMOUS: True})
async def first_page(request: Caller, csrf: NamedDependency[CsrfTokens]) -> Template:
    """Run assistants; whoever is not signed in is asked to."""
    caller = request.user
    token = csrf.token(caller) if caller else None
    return Template(
        "index.html", context={"caller": caller, "csrf_token": token}, headers={"Cache-Control": "no-store"}
    )


@get("/sign-in", include_in_schema=False, opt={ANONYMOUS: True})
async def sign_in_page() -> Template:
    """Where a one-time link leads. Its token stands behind the `#`, which no browser sends: no log ever holds it."""
    context = {"caller": None, "csrf_token": None}
    return Template("index.html", context=context, headers={"Cache-Control": "no-store"})


static_files = create_static_files_router(
    path="/static",
    directories=[HERE / "static"],
    # Asked again each time, answered by the entity tag: a new version never meets an old module.
    cache_control=CacheControlHeader(no_cache=True),
    include_in_schema=False,
    opt={ANONYMOUS: True},
)

ROUTES = (first_page, sign_in_page, static_files)

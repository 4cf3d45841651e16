"""GET /sign-in: where a one-time link leads, and whoever asked for a page without a session."""

from __future__ import annotations

from litestar import get
from litestar.response import Redirect, Template

from app.http.authentication import ANONYMOUS
from app.web.page import Caller, ThePages


# A link's token stands behind the `#`, which no browser sends: no log ever holds it.
@get("/sign-in", include_in_schema=False, opt={ANONYMOUS: True})
async def sign_in_page(request: Caller, pages: ThePages) -> Template:
    """Sign in by link or by password; then on to `next`, a path of ours."""
    return pages.page(request, "sign_in.html", next=own_path(request.query_params.get("next", "")))


@get("/favicon.ico", include_in_schema=False, opt={ANONYMOUS: True})
async def favicon(pages: ThePages) -> Redirect:
    """Browsers ask for it where they show no page of ours, for a download say."""
    return Redirect(pages.asset("icon.svg"))


def own_path(wanted: str) -> str:
    """A path of this service; `/` instead of anything that could lead elsewhere: another host, a scheme, a backslash."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted
    return wanted if is_ours and wanted.isprintable() else "/"


ROUTES = (sign_in_page, favicon)

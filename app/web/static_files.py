"""GET /static/{version}/{file}: kept by browsers for good, since another version has another address."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.http.authentication import ANONYMOUS
from app.http.problems import not_found
from app.web.assets import Assets

_FOR_GOOD = "public, max-age=31536000, immutable"
#: Another version than ours: a page from before an upgrade asks, or one node of several is ahead.
_THIS_TIME = "no-cache"


@get("/static/{version:str}/{name:path}", include_in_schema=False, opt={ANONYMOUS: True})
async def static_file(
    request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str], assets: NamedDependency[Assets]
) -> Response[bytes]:
    """One file, packed for those who can unpack it."""
    asset = assets.get(name.removeprefix("/"))
    if asset is None:
        raise not_found()
    headers = {"Cache-Control": _FOR_GOOD if version == assets.version else _THIS_TIME, "Vary": "Accept-Encoding"}
    content = asset.content
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = asset.packed
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=asset.media_type)

"""/metrics on the service's own port, for whoever has the token."""

from typing import Any

from litestar import Request, get
from litestar.response import Response

from app.api.dependencies import TheMetrics
from app.http.authentication import ANONYMOUS
from app.http.guards import unauthenticated
from app.http.problems import not_found


@get("/metrics", include_in_schema=False, opt={ANONYMOUS: True})
async def metrics(request: Request[Any, Any, Any], metrics_page: TheMetrics) -> Response[bytes]:
    if not metrics_page.has_token:
        raise not_found()
    if not metrics_page.allows(request.headers.get("authorization", "")):
        raise unauthenticated("Send the value of AA_METRICS_TOKEN: `Authorization: Bearer …`.")
    text = await metrics_page.text()
    return Response(text.body, media_type=text.media_type)

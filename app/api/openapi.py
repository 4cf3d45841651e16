"""The API document: what routes cannot say by their signatures, and GET /openapi.json."""

from typing import Any

from litestar import Request, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, Reference, SecurityScheme
from litestar.response import Response

from app.api.dependencies import TheDocument
from app.http.authentication import ANONYMOUS

#: Of the API: grows when something is added, its first part when something breaks.
VERSION = "1.0"

DESCRIPTION = """\
Run assistants and watch them. Errors are `application/problem+json` (RFC 9457) with a stable `code` and, where input
was wrong, every problem in `errors`. Lists are paged: pass `nextCursor` as `cursor`. An execution's events come as
`text/event-stream`; whoever leaves comes back with `Last-Event-ID` and misses nothing.
"""


def openapi_config() -> OpenAPIConfig:
    schemes: dict[str, SecurityScheme | Reference] = {
        "apiKey": SecurityScheme(type="http", scheme="bearer", description="`Authorization: Bearer aa_live_…`"),
        "session": SecurityScheme(type="apiKey", name="aa_session", security_scheme_in="cookie"),
    }
    return OpenAPIConfig(
        title="Assistant Architect",
        version=VERSION,
        description=DESCRIPTION,
        path="/docs",
        components=Components(security_schemes=schemes),
        security=[{"apiKey": []}, {"session": []}],
    )


@get("/openapi.json", include_in_schema=False, opt={ANONYMOUS: True})
async def openapi_document(request: Request[Any, Any, Any], document: TheDocument) -> Response[bytes]:
    return Response(document.encoded(request), media_type="application/json")

"""/livez and /readyz: is the process alive, should it get traffic."""

import msgspec
from litestar import get
from litestar.response import Response

from app.api.dependencies import TheReadiness
from app.http.authentication import ANONYMOUS


class Live(msgspec.Struct, frozen=True):
    status: str = "ok"


class Ready(msgspec.Struct, frozen=True):
    """`checks`: `ok`, or what is wrong."""

    status: str
    checks: dict[str, str]


PUBLIC = {ANONYMOUS: True}


@get("/livez", summary="The process answers", opt=PUBLIC)
async def livez() -> Live:
    return Live()


@get("/readyz", summary="The process can do its work: database, schema, not stopping", opt=PUBLIC)
async def readyz(readiness: TheReadiness) -> Response[Ready]:
    checks = await readiness.checks()
    ready = all(result == "ok" for result in checks.values())
    headers = {} if ready else {"Retry-After": "5"}
    return Response(Ready("ok" if ready else "unavailable", checks), status_code=200 if ready else 503, headers=headers)


ROUTES = (livez, readyz)

"""Who asks is settled before anything else looks at the request."""

from __future__ import annotations

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.http.api_keys import ApiKeys
from app.http.event_stream import Permit
from app.http.guards import Connection, unauthenticated
from app.http.principal import Principal, Via
from app.http.request_record import request_record
from app.http.sessions import WebSessions

#: `opt={ANONYMOUS: True}`: the route serves callers without, or with useless, credentials too.
ANONYMOUS = "anonymous"


class Authentication(ASGIMiddleware):
    """Sets `connection.user` to the `Principal`, or to None on anonymous routes; answers 401 elsewhere.

    A key in the Authorization header counts before a cookie, and a wrong one is never made up for by a cookie.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, sessions: WebSessions, keys: ApiKeys) -> None:
        self._sessions = sessions
        self._keys = keys

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        principal = await self._principal(ASGIConnection(scope))
        if principal is None and not scope["route_handler"].opt.get(ANONYMOUS):
            raise unauthenticated()
        scope["user"], scope["auth"] = principal, principal and principal.via
        if principal is not None:
            record = request_record(scope)
            record.principal_id, record.via = principal.id, principal.via
        await next_app(scope, receive, send)

    def permit(self, principal: Principal) -> Permit:
        """Whether the credential still holds; for streams that outlive a sign-out or a revocation."""

        async def holds() -> bool:
            if principal.via is Via.KEY:
                return await self._keys.still_valid(principal.credential)
            return await self._sessions.still_valid(principal.credential)

        return holds

    async def _principal(self, connection: Connection) -> Principal | None:
        headers = connection.headers.getall("authorization", [])
        if not headers:
            return await self._sessions.principal(connection)
        scheme, _, credentials = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer":
            return None
        return await self._keys.principal(credentials.strip())

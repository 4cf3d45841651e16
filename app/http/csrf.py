"""Cross-site request forgery: a change asked for with a cookie must come from our own pages.

Two checks, since each has a gap. Where the request comes from (`Sec-Fetch-Site`, else `Origin`) covers the sign-in
form too, where there is no session yet; a token bound to the session covers browsers that send neither, and a
subdomain or a proxy that lies about the host. Requests with an API key need neither: no browser adds the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.enums import RequestEncodingType, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.http.principal import Principal, Via
from app.http.problems import ApiError

HEADER = "x-csrf-token"
FORM_FIELD = "_csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_OWN_SITES = ("same-origin", "none")
_FORMS = (RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART)


class CsrfTokens:
    """Tokens bound to a session; nothing is stored."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, principal: Principal) -> str:
        """What pages put into the `X-CSRF-Token` header or the form field `_csrf_token`."""
        digest = hmac.digest(self._secret, b"csrf:" + principal.credential.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def fits(self, principal: Principal, token: str) -> bool:
        return hmac.compare_digest(self.token(principal).encode(), token.encode())


class CsrfProtection(ASGIMiddleware):
    """Runs after authentication. `public_url` is our own origin; without it the Host header says who we are."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, tokens: CsrfTokens, public_url: str | None) -> None:
        self._tokens = tokens
        self._public_url = public_url

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        principal: Principal | None = scope["user"]
        if scope.get("method") not in SAFE_METHODS and (principal is None or principal.via is Via.SESSION):
            await self._check(Request(scope, receive, send), principal)
        await next_app(scope, receive, send)

    async def _check(self, request: Request[Any, Any, Any], principal: Principal | None) -> None:
        if not self._comes_from_us(request):
            raise ApiError("csrf_failed", "Send the request from a page of this service.")
        if principal is not None and not self._tokens.fits(principal, await _presented(request)):
            raise ApiError("csrf_failed", f"Send the page's token in {HEADER}, or reload the page.")

    def _comes_from_us(self, request: Request[Any, Any, Any]) -> bool:
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in _OWN_SITES
        origin = request.headers.get("origin")
        if origin is None:
            return True
        if self._public_url is not None:
            return origin == self._public_url
        return urlsplit(origin).netloc == request.headers.get("host")


async def _presented(request: Request[Any, Any, Any]) -> str:
    token = request.headers.get(HEADER)
    if token is None and request.content_type[0] in _FORMS:
        token = (await request.form()).get(FORM_FIELD)
    return token if isinstance(token, str) else ""

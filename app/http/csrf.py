"""Cross-site request forgery: who signed in with a cookie proves that the request comes from our own pages."""

from __future__ import annotations

from app.http.principal import Principal

HEADER = "x-csrf-token"
FORM_FIELD = "_csrf_token"


class CsrfTokens:
    """Tokens bound to a session; nothing is stored."""

    def __init__(self, secret: bytes) -> None:
        raise NotImplementedError

    def token(self, principal: Principal) -> str:
        """What pages put into the `X-CSRF-Token` header or the form field `_csrf_token`."""
        raise NotImplementedError

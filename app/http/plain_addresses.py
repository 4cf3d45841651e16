"""Addresses that no database can look up are refused before anything is looked up."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.http.problems import ApiError


class PlainAddresses(ASGIMiddleware):
    """PostgreSQL has no NUL in a text, and SQLite ends a pattern at one: neither finds what was asked for."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if "\0" in scope["path"]:
            raise ApiError("not_found", "The address holds a NUL; nothing here is called that.")
        if b"%00" in scope["query_string"]:
            raise ApiError("invalid_request", "The query holds a NUL; no text here holds one.")
        await next_app(scope, receive, send)

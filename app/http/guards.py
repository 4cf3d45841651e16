"""Who may: guards for routes. Authentication has run before them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from app.db.records import UserRole
from app.http.principal import Principal, Scope, Via
from app.http.problems import ApiError

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
Guard: TypeAlias = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def principal_of(connection: Connection) -> Principal:
    """The caller. Raises `ApiError(unauthenticated)` on a route that allows anonymous callers."""
    principal = connection.scope.get("user")
    if not isinstance(principal, Principal):
        raise unauthenticated()
    return principal


def unauthenticated(detail: str = "Sign in, or send an API key: `Authorization: Bearer aa_live_…`.") -> ApiError:
    return ApiError("unauthenticated", detail)


def requires_role(role: UserRole) -> Guard:
    """Let in who holds the role or one above it; others get 403 `forbidden`."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if not principal_of(connection).has_role(role):
            raise ApiError("forbidden", f"This needs the role {role.value}.")

    return guard


def requires_scope(scope: Scope) -> Guard:
    """Let in whose role, and key if one is used, has the scope; others get 403."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        principal = principal_of(connection)
        if not principal.has_scope(scope):
            code = "insufficient_scope" if principal.via is Via.KEY else "forbidden"
            raise ApiError(code, f"This needs the scope {scope.value}.")

    return guard

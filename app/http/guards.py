"""Who may: guards for routes. Authentication has run before them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from app.db.records import UserRole
from app.http.principal import Principal, Scope

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
Guard: TypeAlias = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def principal_of(connection: Connection) -> Principal:
    """The caller. Raises `ApiError(unauthenticated)` on a route that allows anonymous callers."""
    raise NotImplementedError


def requires_role(role: UserRole) -> Guard:
    """Let in who holds the role or one above it; others get 403 `forbidden`."""
    raise NotImplementedError


def requires_scope(scope: Scope) -> Guard:
    """Let in sessions, and keys that have the scope; other keys get 403 `insufficient_scope`."""
    raise NotImplementedError

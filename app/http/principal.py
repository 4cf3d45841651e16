"""Who asks: a person with a session, or a program with a key."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from app.db.records import UserRole
from lib.streaming.types import PrincipalId


class Via(StrEnum):
    SESSION = "session"
    KEY = "key"


class Scope(StrEnum):
    """What an API key may be used for. A session may do all its user's role allows."""

    EXECUTIONS_RUN = "executions:run"
    EXECUTIONS_READ = "executions:read"
    ASSISTANTS_READ = "assistants:read"
    ASSISTANTS_WRITE = "assistants:write"
    KEYS_WRITE = "keys:write"
    ADMIN = "admin"


#: Each role may do what those before it may.
ROLE_ORDER = (UserRole.USER, UserRole.AUTHOR, UserRole.ADMIN)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The authenticated caller: `connection.user`.

    `credential` identifies the session or key without being one: a session's token hash in hex, or a key id.
    """

    id: PrincipalId
    role: UserRole
    scopes: frozenset[Scope]
    via: Via
    name: str
    email: str
    credential: str

    def has_role(self, role: UserRole) -> bool:
        """Whether the role, or one above it, is held."""
        return ROLE_ORDER.index(self.role) >= ROLE_ORDER.index(role)

    def has_scope(self, scope: Scope) -> bool:
        return scope in self.scopes

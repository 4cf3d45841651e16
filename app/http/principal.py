"""Who asks: a person with a session, or a program with a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from app.db.records import ApiKeyRecord, UserRecord, UserRole
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

_USER = frozenset({Scope.EXECUTIONS_RUN, Scope.EXECUTIONS_READ, Scope.ASSISTANTS_READ, Scope.KEYS_WRITE})
_AUTHOR = _USER | {Scope.ASSISTANTS_WRITE}

ROLE_SCOPES: Mapping[UserRole, frozenset[Scope]] = MappingProxyType(
    {UserRole.USER: _USER, UserRole.AUTHOR: _AUTHOR, UserRole.ADMIN: _AUTHOR | {Scope.ADMIN}}
)


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

    @classmethod
    def by_session(cls, user: UserRecord, token_hash: bytes) -> Principal:
        return cls._of(user, ROLE_SCOPES[user.role], Via.SESSION, token_hash.hex())

    @classmethod
    def by_key(cls, record: ApiKeyRecord) -> Principal:
        """A key may never do more than its user's role allows today."""
        scopes = known_scopes(record.scopes) & ROLE_SCOPES[record.user.role]
        return cls._of(record.user, scopes, Via.KEY, record.key_id)

    @classmethod
    def _of(cls, user: UserRecord, scopes: frozenset[Scope], via: Via, credential: str) -> Principal:
        return cls(
            id=user.id,
            role=user.role,
            scopes=scopes,
            via=via,
            name=user.name,
            email=user.email,
            credential=credential,
        )

    def has_role(self, role: UserRole) -> bool:
        """Whether the role, or one above it, is held. A key needs the scope `admin` to act as administrator."""
        if role is UserRole.ADMIN and Scope.ADMIN not in self.scopes:
            return False
        return ROLE_ORDER.index(self.role) >= ROLE_ORDER.index(role)

    def has_scope(self, scope: Scope) -> bool:
        return scope in self.scopes


def known_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """The scopes among stored texts; what a newer version wrote is left out."""
    known = {scope.value for scope in Scope}
    return frozenset(Scope(text) for text in texts if text in known)

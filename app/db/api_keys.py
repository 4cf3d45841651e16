"""Keys for programs. The secret itself is never stored."""

from __future__ import annotations

from collections.abc import Sequence

from app.db.port import Database
from app.db.records import ApiKeyRecord
from lib.streaming.types import PrincipalId


class ApiKeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        *,
        key_id: str,
        user_id: PrincipalId,
        name: str,
        secret_hash: bytes,
        last_four: str,
        scopes: Sequence[str],
        expires_ms: int | None = None,
    ) -> ApiKeyRecord:
        raise NotImplementedError

    async def find(self, key_id: str) -> ApiKeyRecord | None:
        """The key with its user, also when it is revoked, expired or the user disabled: the caller decides."""
        raise NotImplementedError

    async def list(self, user_id: PrincipalId) -> Sequence[ApiKeyRecord]:
        """All keys of a user, newest first."""
        raise NotImplementedError

    async def revoke(self, key_id: str, user_id: PrincipalId | None = None) -> bool:
        """Revoke a key (of that user, if given). False if there is none to revoke."""
        raise NotImplementedError

    async def touch(self, key_id: str) -> None:
        """Note that the key was used now."""
        raise NotImplementedError

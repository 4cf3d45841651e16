"""Web sessions and one-time sign-in links. Only hashes of tokens are stored."""

from __future__ import annotations

from app.db.port import Database
from app.db.records import SessionRecord, UserRecord
from lib.streaming.types import PrincipalId


class SessionRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, user_id: PrincipalId, token_hash: bytes, expires_ms: int) -> None:
        raise NotImplementedError

    async def find(self, token_hash: bytes) -> SessionRecord | None:
        """The session with its user, unless it has expired or the user is disabled."""
        raise NotImplementedError

    async def touch(self, token_hash: bytes) -> None:
        """Note that the session was used now."""
        raise NotImplementedError

    async def delete(self, token_hash: bytes) -> bool:
        """False if there was none."""
        raise NotImplementedError

    async def delete_expired(self) -> int:
        """Remove expired sessions and expired or used links; returns how many rows."""
        raise NotImplementedError

    async def create_link(self, user_id: PrincipalId, token_hash: bytes, expires_ms: int) -> None:
        raise NotImplementedError

    async def consume_link(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        """Use a link up: the first caller before its expiry gets the user, everyone else None."""
        raise NotImplementedError

"""The people who use the service."""

from __future__ import annotations

from app.db.port import Database
from app.db.records import Page, UserRecord, UserRole
from lib.streaming.ids import IdFactory
from lib.streaming.types import PrincipalId


class UserRepository:
    def __init__(self, database: Database, new_id: IdFactory) -> None:
        self._database = database
        self._new_id = new_id

    async def count(self) -> int:
        raise NotImplementedError

    async def create(
        self, email: str, name: str, role: UserRole = UserRole.USER, password_hash: str | None = None
    ) -> UserRecord:
        """Add a user; e-mail addresses are compared without case. Raises `EmailTaken`."""
        raise NotImplementedError

    async def by_id(self, user_id: PrincipalId) -> UserRecord | None:
        raise NotImplementedError

    async def by_email(self, email: str) -> UserRecord | None:
        raise NotImplementedError

    async def list(self, limit: int, cursor: str | None = None) -> Page[UserRecord]:
        """Users in the order they were made. Raises `InvalidCursor`."""
        raise NotImplementedError

    async def password_hash(self, user_id: PrincipalId) -> str | None:
        raise NotImplementedError

    async def set_password_hash(self, user_id: PrincipalId, password_hash: str | None) -> bool:
        """False if there is no such user."""
        raise NotImplementedError

"""The two ways into a session: a password, or a one-time link."""

from __future__ import annotations

import hashlib

from litestar.datastructures import Cookie

from app.db.database import Storage
from app.db.records import UserRecord
from app.http.guards import Connection
from app.http.passwords import Passwords
from app.http.problems import ApiError
from app.http.rate_limits import RateLimits
from app.http.sessions import WebSessions
from lib.streaming.clock import Clock


def link_hash(token: str) -> bytes:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode()).digest()


class SignIn:
    """Both ways are counted against the sign-in limits, and each success leaves an audit row."""

    def __init__(
        self, storage: Storage, sessions: WebSessions, passwords: Passwords, limits: RateLimits, clock: Clock
    ) -> None:
        self._storage = storage
        self._sessions = sessions
        self._passwords = passwords
        self._limits = limits
        self._clock = clock

    async def by_password(self, connection: Connection, email: str, password: str) -> tuple[UserRecord, Cookie]:
        """Raises `ApiError(invalid_credentials)`, and the same after the same work for an unknown address."""
        await self._limits.sign_in(email, _address(connection))
        user = await self._storage.users.by_email(email)
        encoded = await self._storage.users.password_hash(user.id) if user is not None else None
        fits = await self._passwords.verify(password, encoded)
        if user is None or user.disabled or not fits:
            raise ApiError("invalid_credentials", "There is no such user, or the password is wrong.")
        return user, await self._open(connection, user, "session.password")

    async def by_link(self, connection: Connection, token: str) -> tuple[UserRecord, Cookie]:
        """Use a link up. Raises `ApiError(link_expired)` for any but the first to come in time."""
        await self._limits.sign_in("link", _address(connection))
        user = await self._storage.sessions.consume_link(link_hash(token), self._clock.now_ms())
        if user is None or user.disabled:
            raise ApiError("link_expired", "This link was used or is too old. Start the server again for a new one.")
        return user, await self._open(connection, user, "session.link")

    async def _open(self, connection: Connection, user: UserRecord, action: str) -> Cookie:
        cookie = await self._sessions.open(connection, user.id)
        await self._storage.audit.add(user.id, action, user.id)
        return cookie


def _address(connection: Connection) -> str:
    return connection.client.host if connection.client else ""

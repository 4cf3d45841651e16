"""Web sessions: a random token in a cookie, its SHA-256 in the database, a new token at every sign-in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from litestar.datastructures import Cookie

from app.db.records import SessionRecord
from app.db.sessions import SessionRepository
from app.http.guards import Connection
from app.http.principal import Principal
from lib.streaming.clock import Clock
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import PrincipalId

TOKEN_BYTES = 32
TOKEN_CHARS = 43
DAY_MS = 86_400_000
IDLE_MS = 14 * DAY_MS
LIFE_MS = 90 * DAY_MS
#: `last seen` is written at most this often for one session.
TOUCH_MS = 10 * 60_000

_NAME = "aa_session"


class WebSessions:
    """Sessions end 14 days after they were last used, and 90 days after they began."""

    def __init__(
        self,
        store: SessionRepository,
        clock: Clock,
        supervisor: Supervisor,
        random_bytes: Callable[[int], bytes],
        *,
        https: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._supervisor = supervisor
        self._random_bytes = random_bytes
        self._https = https
        # The prefix makes browsers refuse the cookie from another host or from plain HTTP.
        self.cookie_name = f"__Host-{_NAME}" if https else _NAME

    async def principal(self, connection: Connection) -> Principal | None:
        """Who the request's cookie belongs to; None without a live session."""
        token = self._presented(connection)
        if token is None:
            return None
        token_hash = _hash(token)
        session = await self._store.find(token_hash)
        if session is None or not self._live(session):
            return None
        if self._clock.now_ms() - session.last_seen_ms >= TOUCH_MS:
            self._supervisor.start("touch-session", self._store.touch(token_hash))
        return Principal.by_session(session.user, token_hash)

    async def still_valid(self, credential: str) -> bool:
        """Whether the session of a principal is live still."""
        session = await self._store.find(bytes.fromhex(credential))
        return session is not None and self._live(session)

    async def open(self, connection: Connection, user_id: PrincipalId) -> Cookie:
        """Sign in: end the session the request came with, begin a new one; the cookie to set."""
        await self._end_presented(connection)
        token = base64.urlsafe_b64encode(self._random_bytes(TOKEN_BYTES)).rstrip(b"=").decode()
        await self._store.create(user_id, _hash(token), self._clock.now_ms() + LIFE_MS)
        return self._cookie(token, LIFE_MS // 1000)

    async def close(self, connection: Connection) -> Cookie:
        """Sign out: end the request's session; the cookie that removes the cookie."""
        await self._end_presented(connection)
        return self._cookie("", 0)

    def _live(self, session: SessionRecord) -> bool:
        now = self._clock.now_ms()
        return now < session.expires_ms and now - session.last_seen_ms < IDLE_MS and not session.user.disabled

    def _presented(self, connection: Connection) -> str | None:
        token = connection.cookies.get(self.cookie_name)
        return token if token is not None and len(token) == TOKEN_CHARS and token.isascii() else None

    async def _end_presented(self, connection: Connection) -> None:
        token = self._presented(connection)
        if token is not None:
            await self._store.delete(_hash(token))

    def _cookie(self, value: str, max_age: int) -> Cookie:
        return Cookie(
            key=self.cookie_name,
            value=value,
            max_age=max_age,
            path="/",
            secure=self._https,
            httponly=True,
            samesite="lax",
        )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

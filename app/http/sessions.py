"""Web sessions: a random token in a cookie, its SHA-256 in the database, a new token at every sign-in."""

from __future__ import annotations

from collections.abc import Callable

from litestar.datastructures import Cookie

from app.db.records import SessionRecord
from app.db.sessions import SessionRepository
from app.http.guards import Connection
from lib.streaming.clock import Clock
from lib.streaming.types import PrincipalId


class WebSessions:
    """Sessions end 14 days after they were last used, and 90 days after they began."""

    def __init__(
        self, store: SessionRepository, clock: Clock, random_bytes: Callable[[int], bytes], *, https: bool
    ) -> None:
        raise NotImplementedError

    async def find(self, connection: Connection) -> SessionRecord | None:
        """The live session of a request's cookie."""
        raise NotImplementedError

    async def open(self, connection: Connection, user_id: PrincipalId) -> Cookie:
        """Sign in: end the session the request came with, begin a new one; the cookie to set."""
        raise NotImplementedError

    async def close(self, connection: Connection) -> Cookie:
        """Sign out: end the request's session; the cookie that removes the cookie."""
        raise NotImplementedError

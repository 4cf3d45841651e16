"""One-time sign-in links: what the console prints at a start, and what administrators give to people."""

from __future__ import annotations

from collections.abc import Callable

from app.api.signing_in import link_hash
from app.db.records import UserRecord
from app.db.sessions import SessionRepository
from app.http.problems import ApiError
from lib.streaming.clock import Clock

LINK_SECONDS = 3600
LINK_BYTES = 32


class SignInLinks:
    """`random_bytes(n)` gives n bytes from a secure source; `public_url`: the address users see, if one is set."""

    def __init__(
        self,
        sessions: SessionRepository,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        public_url: str | None = None,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._random_bytes = random_bytes
        self._public_url = public_url

    async def token(self, user: UserRecord) -> tuple[str, int]:
        """What signs a user in once, and when it expires (Unix milliseconds)."""
        token, expires_ms = self._random_bytes(LINK_BYTES).hex(), self._clock.now_ms() + LINK_SECONDS * 1000
        await self._sessions.create_link(user.id, link_hash(token), expires_ms)
        return token, expires_ms

    async def make(self, user: UserRecord, asked_at: str) -> tuple[str, int]:
        """The link, and when it expires (Unix milliseconds). `asked_at`: the origin the caller came to.

        The token stands behind the `#`, so that neither logs nor proxies ever see it. Raises `ApiError(invalid_state)`
        for a user who is disabled.
        """
        if user.disabled:
            raise ApiError("invalid_state", "The user is disabled, so no link would let them in.")
        token, expires_ms = await self.token(user)
        return f"{(self._public_url or asked_at).rstrip('/')}/sign-in#token={token}", expires_ms

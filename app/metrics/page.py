"""/metrics: who may see it, and what it says."""

from __future__ import annotations

import hmac

import msgspec

from app.metrics.sources import Sources


class Text(msgspec.Struct, frozen=True):
    """A page of text."""

    body: bytes
    media_type: str = "text/plain"
    status: int = 200


class MetricsPage:
    """`token`: whoever has it may look. None: whoever reaches the process's own port."""

    def __init__(self, sources: Sources, token: str | None) -> None:
        self.sources = sources
        self._token = token

    @property
    def has_token(self) -> bool:
        return self._token is not None

    def allows(self, authorization: str) -> bool:
        """Whether an Authorization header carries the token; anything does where none is set."""
        if self._token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode())

    async def text(self) -> Text:
        # It takes a while to load, which only a process that is watched pays for.
        from app.metrics.exposition import CONTENT_TYPE, exposition

        return Text(await exposition(self.sources), CONTENT_TYPE)

"""How an API key is made, whoever asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from app.db.api_keys import ApiKeyRepository
from app.db.records import ApiKeyRecord
from app.http.principal import Scope
from app.settings.key_format import KeyText, generate_key
from lib.streaming.clock import Clock
from lib.streaming.types import PrincipalId


class KeyMaker:
    """`random_bytes(n)` gives n bytes from a secure source."""

    def __init__(self, api_keys: ApiKeyRepository, clock: Clock, random_bytes: Callable[[int], bytes]) -> None:
        self.clock = clock
        self._api_keys = api_keys
        self._random_bytes = random_bytes

    async def issue(
        self, user_id: PrincipalId, name: str, scopes: Iterable[Scope], expires_ms: int | None = None
    ) -> tuple[ApiKeyRecord, str]:
        """Make a key; its secret text is given back here and never again."""
        key = generate_key(self._random_bytes)
        return await self.store(key, user_id, name, scopes, expires_ms), key.text

    async def store(
        self, key: KeyText, user_id: PrincipalId, name: str, scopes: Iterable[Scope], expires_ms: int | None = None
    ) -> ApiKeyRecord:
        """Store a key somebody else made; only the hash of its secret is kept."""
        return await self._api_keys.create(
            key_id=key.key_id,
            user_id=user_id,
            name=name,
            secret_hash=hashlib.sha256(key.text.encode()).digest(),
            last_four=key.last_four,
            scopes=[scope.value for scope in Scope if scope in set(scopes)],
            expires_ms=expires_ms,
        )

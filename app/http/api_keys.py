"""API keys: from the text in a header to the principal behind it."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict

import msgspec

from app.db.api_keys import ApiKeyRepository
from app.db.records import ApiKeyRecord
from app.http.principal import Principal
from app.settings.key_format import parse_key
from lib.streaming.clock import Clock
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import PrincipalId

CACHE_SECONDS = 5.0
CACHE_ENTRIES = 1024
#: `last used` is written at most this often for one key.
TOUCH_MS = 60_000


def key_hash(text: str) -> bytes:
    """What is stored of a key: with 256 random bits in it, a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(text.encode()).digest()


class _Known(msgspec.Struct, frozen=True):
    """What is remembered of a key `until` some moment of the clock."""

    until: float
    record: ApiKeyRecord
    principal: Principal


class ApiKeys:
    """Looks keys up. A key revoked elsewhere works here for at most 5 s more; `forget` ends it at once."""

    def __init__(self, store: ApiKeyRepository, clock: Clock, supervisor: Supervisor) -> None:
        self._store = store
        self._clock = clock
        self._supervisor = supervisor
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._touched: dict[str, int] = {}

    async def principal(self, text: str) -> Principal | None:
        """Who a key belongs to; None if it is malformed, unknown, revoked, expired, or its user disabled."""
        parsed = parse_key(text)
        if parsed is None:
            return None
        known = await self._look_up(parsed.key_id)
        if known is None or not hmac.compare_digest(key_hash(parsed.text), known.record.secret_hash):
            return None
        if not self._valid(known.record):
            return None
        self._touch(known.record)
        return known.principal

    async def still_valid(self, key_id: str) -> bool:
        """Ask storage again, whatever is remembered."""
        record = await self._store.find(key_id)
        return record is not None and self._valid(record)

    def forget(self, key_id: str) -> None:
        self._known.pop(key_id, None)

    def forget_user(self, user_id: PrincipalId) -> None:
        """Look every key of a user up anew: what the user may do has changed."""
        for key_id in [key_id for key_id, known in self._known.items() if known.principal.id == user_id]:
            self.forget(key_id)

    def _valid(self, record: ApiKeyRecord) -> bool:
        expired = record.expires_ms is not None and record.expires_ms <= self._clock.now_ms()
        return not expired and record.revoked_ms is None and not record.user.disabled

    async def _look_up(self, key_id: str) -> _Known | None:
        known = self._known.get(key_id)
        if known is not None and known.until > self._clock.monotonic():
            return known
        record = await self._store.find(key_id)
        if record is None:
            self.forget(key_id)
            return None
        return self._remember(record)

    def _remember(self, record: ApiKeyRecord) -> _Known:
        until = self._clock.monotonic() + CACHE_SECONDS
        known = self._known[record.key_id] = _Known(until, record, Principal.by_key(record))
        self._known.move_to_end(record.key_id)
        while len(self._known) > CACHE_ENTRIES:
            oldest, _ = self._known.popitem(last=False)
            self._touched.pop(oldest, None)
        return known

    def _touch(self, record: ApiKeyRecord) -> None:
        now = self._clock.now_ms()
        last = max(self._touched.get(record.key_id, 0), record.last_used_ms or 0)
        if now - last >= TOUCH_MS:
            self._touched[record.key_id] = now
            self._supervisor.start("touch-api-key", self._store.touch(record.key_id))

"""The API key every start can show: made once, kept in the data directory for its owner's eyes only.

Of the nodes on one PostgreSQL database, the first makes it and the others have none to show.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from app.api.new_key import KeyMaker
from app.db.api_keys import ApiKeyRepository
from app.db.records import ApiKeyRecord
from app.db.url import is_postgresql
from app.http.principal import Scope
from app.settings import Settings
from app.settings.key_format import KeyText, parse_key
from lib.streaming.types import PrincipalId

DEFAULT_KEY_NAME = "default"
KEY_FILE = "api_key"


class DefaultKey:
    def __init__(self, settings: Settings, api_keys: ApiKeyRepository, maker: KeyMaker) -> None:
        self._given = settings.bootstrap_api_key
        self._shared = is_postgresql(settings.database_url)
        self._file = settings.data_dir / KEY_FILE
        self._api_keys = api_keys
        self._maker = maker

    async def show(self, user_id: PrincipalId) -> str | None:
        """The key's text; None if it was revoked or another node made it.

        A key from the environment is never written to a file.
        """
        for text in (self._from_environment(), read_key_file(self._file)):
            key = parse_key(text) if text else None
            if key is not None and (record := await self._known(key)) is not None:
                return key.text if record.revoked_ms is None else None
        if self._shared and any(key.name == DEFAULT_KEY_NAME for key in await self._api_keys.list(user_id)):
            return None
        return await self._make(user_id)

    async def _make(self, user_id: PrincipalId) -> str:
        given = parse_key(self._from_environment() or "")
        if given is not None and not await self._api_keys.list(user_id):
            await self._maker.store(given, user_id, DEFAULT_KEY_NAME, Scope)
            return given.text
        _, text = await self._maker.issue(user_id, DEFAULT_KEY_NAME, Scope)
        _write_private(self._file, text)
        return text

    async def _known(self, key: KeyText) -> ApiKeyRecord | None:
        record = await self._api_keys.find(key.key_id)
        digest = hashlib.sha256(key.text.encode()).digest()
        return record if record is not None and hmac.compare_digest(record.secret_hash, digest) else None

    def _from_environment(self) -> str | None:
        return self._given.get_secret_value() if self._given else None


def read_key_file(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text + "\n", encoding="ascii")
    draft.replace(path)

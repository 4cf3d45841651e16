"""/api/admin/keys: everybody's API keys."""

from typing import Annotated

import msgspec
from litestar import delete, get
from litestar.params import FromPath, QueryParameter

from app.api.admin.caller import GUARDS, Caller, note
from app.api.dependencies import TheApiKeys, TheAudit, TheKeyCache
from app.api.keys import KeyItem, key_item
from app.api.parameters import DEFAULT_LIMIT, Cursor, Limit
from app.db.records import ApiKeyRecord
from app.http.problems import ApiError
from lib.streaming.types import PrincipalId

Owner = Annotated[str | None, QueryParameter(name="user", description="The id of the user whose they are.")]


class OwnedKey(KeyItem, frozen=True, kw_only=True, rename="camel"):
    user_id: PrincipalId
    email: str


class OwnedKeyList(msgspec.Struct, frozen=True, rename="camel"):
    items: tuple[OwnedKey, ...]
    next_cursor: str | None


@get("/api/admin/keys", summary="Everybody's API keys, newest first", guards=GUARDS)
async def list_all_keys(
    api_keys: TheApiKeys, user: Owner = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> OwnedKeyList:
    page = await api_keys.all(limit, cursor, PrincipalId(user) if user else None)
    return OwnedKeyList(tuple(_item(record) for record in page.items), page.next_cursor)


@delete("/api/admin/keys/{key_id:str}", summary="Revoke anybody's API key", guards=GUARDS)
async def revoke_any_key(
    request: Caller, key_id: FromPath[str], api_keys: TheApiKeys, key_cache: TheKeyCache, audit: TheAudit
) -> None:
    """Refused from now on here, and within 5 seconds on other nodes; streams opened with it end within a minute."""
    if not await api_keys.revoke(key_id):
        raise ApiError("not_found", f"There is no key {key_id[:64]!r} to revoke.")
    key_cache.forget(key_id)
    await note(request, audit, "key.revoke", key_id)


def _item(record: ApiKeyRecord) -> OwnedKey:
    plain = msgspec.structs.asdict(key_item(record))
    return OwnedKey(**plain, user_id=record.user.id, email=record.user.email)


ROUTES = (list_all_keys, revoke_any_key)

"""/api/keys: the caller's API keys."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Response

from app.api.dependencies import TheAccess, TheApiKeys, TheKeyCache, TheKeyMaker
from app.api.documented import json_body
from app.api.key_request import read_key
from app.api.moment import moment
from app.db.records import ApiKeyRecord
from app.http.guards import principal_of, requires_scope
from app.http.principal import Principal, Scope
from app.http.problems import ApiError
from app.http.request_record import request_record

GUARDS = [requires_scope(Scope.KEYS_WRITE)]

Caller = Request[Principal, Any, Any]


class KeyBody(msgspec.Struct, rename="camel"):
    """Without `scopes` the key may do what its maker may; without `expires_at` it never expires."""

    name: str
    scopes: list[str] | None = None
    expires_at: datetime | None = None


class KeyItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A key as it can be shown again: never its secret."""

    key_id: str
    name: str
    last_four: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class KeyList(msgspec.Struct, frozen=True, rename="camel"):
    """All keys at once; `next_cursor` is always null."""

    items: tuple[KeyItem, ...]
    next_cursor: str | None = None


class NewKey(KeyItem, frozen=True, kw_only=True, rename="camel"):
    """A key just made; `key` is the secret and is shown this once."""

    key: str


@post("/api/keys", summary="Make an API key", operation_class=json_body(KeyBody), guards=GUARDS)
async def create_key(request: Caller, body: RawBody, maker: TheKeyMaker, access: TheAccess) -> Response[NewKey]:
    caller = principal_of(request)
    wanted = read_key(body, caller, maker.clock.now_ms())
    record, secret = await maker.issue(caller.id, wanted.name, wanted.scopes, wanted.expires_ms)
    await access.note(caller, "key.create", record.key_id, request_record(request.scope).request_id)
    new = NewKey(**msgspec.structs.asdict(key_item(record)), key=secret)
    return Response(new, headers={"Location": f"/api/keys/{record.key_id}", "Cache-Control": "no-store"})


@get("/api/keys", summary="Own API keys, newest first", guards=GUARDS)
async def list_keys(request: Caller, api_keys: TheApiKeys) -> KeyList:
    records = await api_keys.list(principal_of(request).id)
    return KeyList(tuple(key_item(record) for record in records))


@delete("/api/keys/{key_id:str}", summary="Revoke an API key", guards=GUARDS)
async def revoke_key(
    request: Caller, key_id: FromPath[str], api_keys: TheApiKeys, key_cache: TheKeyCache, access: TheAccess
) -> None:
    """From now on it is refused; streams opened with it end within a minute."""
    if not await api_keys.revoke(key_id, principal_of(request).id):
        raise ApiError("not_found", f"There is no key {key_id[:64]!r} to revoke.")
    key_cache.forget(key_id)
    await access.note(principal_of(request), "key.revoke", key_id, request_record(request.scope).request_id)


def key_item(record: ApiKeyRecord) -> KeyItem:
    """A key as it is shown."""
    return KeyItem(
        key_id=record.key_id,
        name=record.name,
        last_four=record.last_four,
        scopes=record.scopes,
        created_at=moment(record.created_ms),
        expires_at=moment(record.expires_ms),
        revoked_at=moment(record.revoked_ms),
        last_used_at=moment(record.last_used_ms),
    )


ROUTES = (create_key, list_keys, revoke_key)

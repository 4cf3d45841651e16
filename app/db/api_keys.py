"""Keys for programs. The secret itself is never stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, tuple_, update

from app.db import paging
from app.db.dialect import now_ms
from app.db.port import Database
from app.db.prepared import Prepared
from app.db.records import ApiKeyRecord, Page
from app.db.tables import api_keys, users
from app.db.user_rows import USER_COLUMNS, user_record
from lib.streaming.types import PrincipalId

_SELECT = select(api_keys, *USER_COLUMNS).join(users, users.c.id == api_keys.c.user_id)
_FIND = Prepared(lambda _: _SELECT.where(api_keys.c.key_id == bindparam("key")))
_LIST = Prepared(
    lambda _: _SELECT.where(api_keys.c.user_id == bindparam("user")).order_by(
        api_keys.c.created_ms.desc(), api_keys.c.key_id
    )
)


class ApiKeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        *,
        key_id: str,
        user_id: PrincipalId,
        name: str,
        secret_hash: bytes,
        last_four: str,
        scopes: Sequence[str],
        expires_ms: int | None = None,
    ) -> ApiKeyRecord:
        statement = insert(api_keys).values(
            key_id=key_id,
            user_id=user_id,
            name=name,
            secret_hash=secret_hash,
            last_four=last_four,
            scopes=tuple(scopes),
            created_ms=now_ms(),
            expires_ms=expires_ms,
        )

        def work(connection: Connection) -> ApiKeyRecord:
            connection.execute(statement)
            return _records(_FIND.rows(connection, key=key_id))[0]

        return await self._database.write(work)

    async def find(self, key_id: str) -> ApiKeyRecord | None:
        """The key with its user, also when it is revoked, expired or the user disabled: the caller decides."""
        found = await self._database.read_one(lambda connection: _records(_FIND.rows(connection, key=key_id)))
        return found[0] if found else None

    async def list(self, user_id: PrincipalId) -> Sequence[ApiKeyRecord]:
        """All keys of a user, newest first."""
        return await self._database.read(lambda connection: _records(_LIST.rows(connection, user=user_id)))

    async def all(
        self, limit: int, cursor: str | None = None, user_id: PrincipalId | None = None
    ) -> Page[ApiKeyRecord]:
        """Everybody's, or a user's; newest first. Raises `InvalidCursor`."""
        return await self._database.read(lambda connection: _page(connection, limit, cursor, user_id))

    async def revoke(self, key_id: str, user_id: PrincipalId | None = None) -> bool:
        """Revoke a key (of that user, if given). False if there is none to revoke."""
        statement = update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_ms.is_(None))
        if user_id is not None:
            statement = statement.where(api_keys.c.user_id == user_id)
        revoked = statement.values(revoked_ms=now_ms())
        return await self._database.write(lambda connection: connection.execute(revoked).rowcount > 0)

    async def touch(self, key_id: str) -> None:
        """Note that the key was used now."""
        statement = update(api_keys).where(api_keys.c.key_id == key_id).values(last_used_ms=now_ms())
        await self._database.write(lambda connection: connection.execute(statement).rowcount)


def _page(connection: Connection, limit: int, cursor: str | None, user_id: PrincipalId | None) -> Page[ApiKeyRecord]:
    place = (api_keys.c.created_ms, api_keys.c.key_id)
    statement = _SELECT.order_by(*(column.desc() for column in place)).limit(limit + 1)
    if user_id is not None:
        statement = statement.where(api_keys.c.user_id == user_id)
    if cursor is not None:
        statement = statement.where(tuple_(*place) < paging.decode(cursor))
    records = _records(connection.execute(statement).all())
    return paging.page(records, limit, lambda key: paging.encode(key.created_ms, key.key_id))


def _records(rows: Sequence[Any]) -> Sequence[ApiKeyRecord]:
    return [
        ApiKeyRecord(
            key_id=row.key_id,
            user=user_record(row),
            name=row.name,
            secret_hash=row.secret_hash,
            last_four=row.last_four,
            scopes=row.scopes,
            created_ms=row.created_ms,
            expires_ms=row.expires_ms,
            revoked_ms=row.revoked_ms,
            last_used_ms=row.last_used_ms,
        )
        for row in rows
    ]

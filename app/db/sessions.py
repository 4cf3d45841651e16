"""Web sessions and one-time sign-in links. Only hashes of tokens are stored."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from app.db.dialect import now_ms
from app.db.port import Database
from app.db.prepared import Prepared
from app.db.records import SessionRecord, UserRecord
from app.db.tables import sign_in_links, users, web_sessions
from app.db.user_rows import USER_COLUMNS, user_record
from lib.streaming.types import PrincipalId


class SessionRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, user_id: PrincipalId, token_hash: bytes, expires_ms: int) -> None:
        statement = insert(web_sessions).values(
            token_hash=token_hash,
            user_id=user_id,
            created_ms=now_ms(),
            expires_ms=expires_ms,
            last_seen_ms=now_ms(),
        )
        await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def find(self, token_hash: bytes) -> SessionRecord | None:
        """The session with its user, unless it has expired or the user is disabled."""
        return await self._database.read_one(lambda connection: _find(connection, token_hash))

    async def touch(self, token_hash: bytes) -> None:
        """Note that the session was used now."""
        statement = update(web_sessions).where(web_sessions.c.token_hash == token_hash).values(last_seen_ms=now_ms())
        await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def delete(self, token_hash: bytes) -> bool:
        """False if there was none."""
        statement = delete(web_sessions).where(web_sessions.c.token_hash == token_hash)
        return await self._database.write(lambda connection: connection.execute(statement).rowcount > 0)

    async def delete_expired(self) -> int:
        """Remove expired sessions and expired or used links; returns how many rows."""
        return await self._database.write(_delete_expired)

    async def create_link(self, user_id: PrincipalId, token_hash: bytes, expires_ms: int) -> None:
        statement = insert(sign_in_links).values(
            token_hash=token_hash, user_id=user_id, created_ms=now_ms(), expires_ms=expires_ms
        )
        await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def consume_link(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        """Use a link up: the first caller before its expiry gets the user, everyone else None.

        A disabled user's link stays unused and gives None.
        """
        return await self._database.write(lambda connection: _consume(connection, token_hash, now_ms))


_FIND = Prepared(
    lambda _: (
        select(web_sessions.c.created_ms, web_sessions.c.expires_ms, web_sessions.c.last_seen_ms, *USER_COLUMNS)
        .join(users, users.c.id == web_sessions.c.user_id)
        .where(
            web_sessions.c.token_hash == bindparam("token_hash"),
            web_sessions.c.expires_ms > now_ms(),
            users.c.disabled.is_(False),
        )
    )
)


def _find(connection: Connection, token_hash: bytes) -> SessionRecord | None:
    row = _FIND.row(connection, token_hash=token_hash)
    if row is None:
        return None
    return SessionRecord(
        user=user_record(row), created_ms=row.created_ms, expires_ms=row.expires_ms, last_seen_ms=row.last_seen_ms
    )


def _delete_expired(connection: Connection) -> int:
    sessions = delete(web_sessions).where(web_sessions.c.expires_ms <= now_ms())
    spent = or_(sign_in_links.c.expires_ms <= now_ms(), sign_in_links.c.used_ms.is_not(None))
    return connection.execute(sessions).rowcount + connection.execute(delete(sign_in_links).where(spent)).rowcount


def _consume(connection: Connection, token_hash: bytes, at_ms: int) -> UserRecord | None:
    enabled = select(users.c.id).where(users.c.disabled.is_(False))
    used = connection.execute(
        update(sign_in_links)
        .where(
            sign_in_links.c.token_hash == token_hash,
            sign_in_links.c.used_ms.is_(None),
            sign_in_links.c.expires_ms > at_ms,
            sign_in_links.c.user_id.in_(enabled),
        )
        .values(used_ms=at_ms)
        .returning(sign_in_links.c.user_id)
    ).scalar_one_or_none()
    if used is None:
        return None
    return user_record(connection.execute(select(*USER_COLUMNS).where(users.c.id == used)).one())

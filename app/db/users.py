"""The people who use the service."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.db import paging, user_changes
from app.db.dialect import now_ms
from app.db.errors import EmailTaken
from app.db.port import Database
from app.db.records import Page, UserChange, UserRecord, UserRole
from app.db.tables import users
from app.db.user_rows import USER_COLUMNS, user_record
from lib.streaming.ids import IdFactory
from lib.streaming.types import PrincipalId


class UserRepository:
    def __init__(self, database: Database, new_id: IdFactory) -> None:
        self._database = database
        self._new_id = new_id

    async def count(self) -> int:
        return await self._database.read(
            lambda connection: connection.execute(select(func.count()).select_from(users)).scalar_one()
        )

    async def create(
        self, email: str, name: str, role: UserRole = UserRole.USER, password_hash: str | None = None
    ) -> UserRecord:
        """Add a user; e-mail addresses are compared without case. Raises `EmailTaken`."""
        values = {
            "id": self._new_id(),
            "email": _normal(email),
            "name": name,
            "role": role,
            "password_hash": password_hash,
        }
        return await self._database.write(lambda connection: _insert(connection, values))

    async def by_id(self, user_id: PrincipalId) -> UserRecord | None:
        return await self._database.read(lambda connection: _find(connection, users.c.id == user_id))

    async def by_email(self, email: str) -> UserRecord | None:
        address = _normal(email)
        return await self._database.read(lambda connection: _find(connection, users.c.email == address))

    async def list(self, limit: int, cursor: str | None = None, email: str | None = None) -> Page[UserRecord]:
        """Users in the order they were made, those whose address holds `email` if given. Raises `InvalidCursor`."""
        return await self._database.read(lambda connection: _list(connection, limit, cursor, email))

    async def change(self, user_id: PrincipalId, change: UserChange) -> UserRecord:
        """Who is disabled loses every session and sign-in link. Raises `UserNotFound`, `LastAdministrator`."""
        return await self._database.write(lambda connection: user_changes.apply(connection, user_id, change))

    async def password_hash(self, user_id: PrincipalId) -> str | None:
        return await self._database.read(
            lambda connection: connection.scalar(select(users.c.password_hash).where(users.c.id == user_id))
        )

    async def set_password_hash(self, user_id: PrincipalId, password_hash: str | None) -> bool:
        """False if there is no such user."""
        statement = update(users).where(users.c.id == user_id).values(password_hash=password_hash)
        return await self._database.write(lambda connection: connection.execute(statement).rowcount > 0)


def _insert(connection: Connection, values: dict[str, str | None]) -> UserRecord:
    statement = insert(users).values(**values, disabled=False, created_ms=now_ms()).returning(*USER_COLUMNS)
    try:
        return user_record(connection.execute(statement).one())
    except IntegrityError as error:
        raise EmailTaken("There is a user with this e-mail address already.") from error


def _find(connection: Connection, condition: ColumnElement[bool]) -> UserRecord | None:
    row = connection.execute(select(*USER_COLUMNS).where(condition)).one_or_none()
    return None if row is None else user_record(row)


def _list(connection: Connection, limit: int, cursor: str | None, email: str | None) -> Page[UserRecord]:
    statement = paging.oldest_first(select(*USER_COLUMNS), users, limit, cursor)
    if email:
        statement = statement.where(users.c.email.contains(_normal(email), autoescape=True))
    rows = connection.execute(statement).all()
    return paging.page([user_record(row) for row in rows], limit, lambda user: paging.encode(user.created_ms, user.id))


def _normal(email: str) -> str:
    return email.strip().lower()

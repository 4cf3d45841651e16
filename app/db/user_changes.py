"""What administrators do to users, in one transaction each."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from app.db.errors import LastAdministrator, UserNotFound
from app.db.records import UserChange, UserRecord, UserRole
from app.db.tables import sign_in_links, users, web_sessions
from app.db.user_rows import USER_COLUMNS, user_record
from lib.streaming.types import PrincipalId

_row = users.c


def apply(connection: Connection, user_id: PrincipalId, change: UserChange) -> UserRecord:
    """Raises `UserNotFound`, `LastAdministrator`."""
    others = _other_administrators(connection, user_id)
    user = _find(connection, user_id)
    if _administers(user) and not _will_administer(user, change) and not others:
        raise LastAdministrator("This is the last administrator who may sign in. Make another one first.")
    wanted = {"name": change.name, "role": change.role, "disabled": change.disabled}
    values = {name: value for name, value in wanted.items() if value is not None}
    if values:
        connection.execute(update(users).where(_row.id == user_id).values(**values))
    if change.disabled:
        for table in (web_sessions, sign_in_links):
            connection.execute(delete(table).where(table.c.user_id == user_id))
    return _find(connection, user_id)


def _other_administrators(connection: Connection, user_id: PrincipalId) -> bool:
    """All of them are locked, in one order: two that demote each other at once would leave nobody."""
    enabled = (
        select(_row.id).where(_row.role == UserRole.ADMIN, _row.disabled.is_(False)).order_by(_row.id).with_for_update()
    )
    return any(found != user_id for found in connection.scalars(enabled).all())


def _find(connection: Connection, user_id: PrincipalId) -> UserRecord:
    row = connection.execute(select(*USER_COLUMNS).where(_row.id == user_id)).one_or_none()
    if row is None:
        raise UserNotFound("There is no such user.")
    return user_record(row)


def _administers(user: UserRecord) -> bool:
    return user.role is UserRole.ADMIN and not user.disabled


def _will_administer(user: UserRecord, change: UserChange) -> bool:
    disabled = user.disabled if change.disabled is None else change.disabled
    return (change.role or user.role) is UserRole.ADMIN and not disabled

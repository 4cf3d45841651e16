"""Users as rows."""

from __future__ import annotations

from sqlalchemy import Row

from app.db.records import UserRecord
from app.db.tables import users

#: The columns of a `UserRecord`, labelled so that they can stand beside those of another table.
USER_COLUMNS = tuple(
    users.c[name].label(f"person_{name}") for name in ("id", "email", "name", "role", "disabled", "created_ms")
)


def user_record(row: Row[*tuple[object, ...]]) -> UserRecord:
    """The user in a row that holds `USER_COLUMNS`."""
    return UserRecord(
        id=row.person_id,
        email=row.person_email,
        name=row.person_name,
        role=row.person_role,
        disabled=row.person_disabled,
        created_ms=row.person_created_ms,
    )

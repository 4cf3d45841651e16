"""What an administrator wants a user to be."""

from __future__ import annotations

import re

import msgspec

from app.api.request_body import finished, object_in
from app.db.records import UserChange, UserRole
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode

MAX_EMAIL = 254
MAX_NAME = 200

#: Something before one `@`, something after it. Whether mail arrives there is not ours to find out.
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class NewUser(msgspec.Struct, frozen=True):
    email: str
    name: str
    role: UserRole


def read_new_user(body: bytes) -> NewUser:
    """Raises `ApiError` with every problem."""
    reader = object_in(body)
    email = reader.text("email", MAX_EMAIL, required=True).strip()
    if email and not _EMAIL.fullmatch(email):
        reader.problem("email", ProblemCode.INVALID_TEXT, "'email' must be an address such as ann@example.org.")
    name = reader.text("name", MAX_NAME).strip()
    role = reader.one_of("role", UserRole) or UserRole.USER
    finished(reader)
    return NewUser(email, name or email, role)


def read_change(body: bytes) -> UserChange:
    """Raises `ApiError` with every problem."""
    reader = object_in(body)
    change = UserChange(
        name=_name(reader),
        role=reader.one_of("role", UserRole),
        disabled=reader.flag("disabled") if reader.has("disabled") else None,
    )
    finished(reader)
    return change


def _name(reader: ObjectReader) -> str | None:
    if not reader.has("name"):
        return None
    name = reader.text("name", MAX_NAME, required=True).strip()
    if not name:
        reader.problem("name", ProblemCode.MISSING, "'name' must not be empty.")
    return name

"""How a setting is shown: secrets never, addresses without their user and password."""

from __future__ import annotations

import re
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

MASK = "***"

#: Up to the last `@`, since a password may hold what it should not.
_USER = re.compile(r"(?<=://)\S*@")


def masked(field: FieldInfo, value: object) -> str | None:
    """A value as text for people; None stays None."""
    if value is None:
        return None
    if _secret(field.annotation):
        return MASK
    return _USER.sub(f"{MASK}@", str(value))


def _secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_secret(part) for part in get_args(annotation))

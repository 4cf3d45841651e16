"""Points in time as the API writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload

from lib.streaming.clock import rfc3339


@overload
def moment(ms: int) -> str: ...
@overload
def moment(ms: None) -> None: ...
@overload
def moment(ms: int | None) -> str | None: ...
def moment(ms: int | None) -> str | None:
    """Unix milliseconds as RFC 3339 UTC; nothing stays nothing."""
    return None if ms is None else rfc3339(ms)


@overload
def milliseconds(at: datetime) -> int: ...
@overload
def milliseconds(at: datetime | None) -> int | None: ...
def milliseconds(at: datetime | None) -> int | None:
    """A point in time as Unix milliseconds; without an offset UTC is meant."""
    if at is None:
        return None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)

"""Days in the filters of pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.http.problems import ApiError


def day(text: str, name: str, later: int = 0) -> datetime | None:
    """Midnight (UTC) of an ISO date, and so many days later; None for no text.

    `name` is that of the filter. Raises `ApiError(invalid_request)` for what is no day of the calendar from 1970 on.
    """
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ApiError("invalid_request", f"'{name}' is a day such as 2026-11-25.") from None
    # The last year has neighbours that no calendar here knows.
    if not 1970 <= found.year < 9999:
        raise ApiError("invalid_request", f"'{name}' is a day from 1970 on.")
    return datetime(found.year, found.month, found.day, tzinfo=UTC) + timedelta(days=later)

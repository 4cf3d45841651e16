"""The stretch of time that statistics speak of."""

from __future__ import annotations

from datetime import datetime

import msgspec

from app.api.moment import milliseconds
from app.http.problems import ApiError, FieldError

DAY_MS = 86_400_000
DEFAULT_DAYS = 30
MOST_DAYS = 92


class Stretch(msgspec.Struct, frozen=True):
    """`from_ms` is included, `to_ms` is not."""

    from_ms: int
    to_ms: int

    @property
    def days(self) -> range:
        """Every day that it touches, as days since 1970-01-01, UTC."""
        return range(self.from_ms // DAY_MS, -(-self.to_ms // DAY_MS))


def stretch(from_: datetime | None, to: datetime | None, now_ms: int) -> Stretch:
    """Until the end of today and for 30 whole days, unless said otherwise. Raises `ApiError(invalid_input)`."""
    to_ms = milliseconds(to) if to else (now_ms // DAY_MS + 1) * DAY_MS
    from_ms = milliseconds(from_) if from_ else to_ms - DEFAULT_DAYS * DAY_MS
    wrong = None
    if from_ms >= to_ms:
        wrong = "'from' must lie before 'to'."
    elif to_ms - from_ms > MOST_DAYS * DAY_MS:
        wrong = f"At most {MOST_DAYS} days can be counted at once."
    if wrong:
        raise ApiError("invalid_input", wrong, errors=[FieldError("from", wrong)])
    return Stretch(from_ms, to_ms)

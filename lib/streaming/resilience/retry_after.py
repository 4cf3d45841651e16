"""How long an upstream asks to wait (RFC 9110 section 10.2.3, and OpenAI's `retry-after-ms`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

#: Longer requests are cut to this, so that nobody computes with years.
MAX_RETRY_AFTER_SECONDS = 24 * 3600.0


def retry_after(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Seconds from now, 0 for a time that has passed; None if nothing (sensible) was said.

    `headers` looks names up without regard to case, or holds them in lower case.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is None:
        seconds = _until(text, now_ms)
    return None if seconds is None else _bounded(seconds)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(text: str, now_ms: int) -> float | None:
    try:
        when = parsedate_to_datetime(text)
        return max((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now_ms / 1000, 0.0)
    except (ValueError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    return min(seconds, MAX_RETRY_AFTER_SECONDS)

"""Values as people read them: filters of the page templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from app.web import icons
from lib.streaming.pricing import NANO, nano_dollars

_STATUS = {
    "pending": "Waiting",
    "running": "Running",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Stopped",
    "timed_out": "Timed out",
    "skipped": "Skipped",
    "draft": "Draft",
    "pending_approval": "Waiting for approval",
    "approved": "Approved",
    "rejected": "Rejected",
    "disabled": "Disabled",
}


def duration(ms: float | None) -> str:
    """Milliseconds as `840 ms`, `12.3 s`, `4 min 05 s` or `2 h 03 min`; a dash for None."""
    if ms is None:
        return "–"
    if ms < 1000:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def number(value: float | None) -> str:
    """With a thin space between thousands; a dash for None."""
    if value is None:
        return "–"
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return text.replace(",", "\u202f")


def money(nano: int | None) -> str:
    """Billionths of a dollar as `$12.50`, `$0.0042`, `< $0.0001` or `$0`; a dash for None."""
    if nano is None:
        return "–"
    if 0 < nano < 100_000:
        return "< $0.0001"
    places = 2 if nano >= NANO else 4
    return f"${Decimal(nano).scaleb(-9):,.{places}f}" if nano else "$0"


def nano(dollars: str) -> int:
    """An exact amount of dollars in billionths, for `money`."""
    return nano_dollars(Decimal(dollars))


def price(dollars: str) -> str:
    """An exact amount of dollars, with two places at least: `$2.50`, `$0.075`."""
    whole, _, part = dollars.partition(".")
    return f"${int(whole):,}.{part:0<2}"


def moment(ms: int | None) -> str:
    """`2026-11-25 14:03:07` in UTC, for the title of a time; a dash for None."""
    return "–" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, for `<time datetime>`."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def status(value: str) -> str:
    """A state in words."""
    return _STATUS.get(value, value.replace("_", " ").capitalize())


def size(count: int) -> str:
    """Bytes as `2000 bytes`, `64 kB` or `1.5 MB`."""
    if count < 10_000:
        return f"{count} bytes"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def kebab(value: str) -> str:
    """A name as part of an element's id."""
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")


FILTERS: Mapping[str, Callable[..., object]] = {
    "duration": duration,
    "number": number,
    "money": money,
    "nano": nano,
    "price": price,
    "moment": moment,
    "iso": iso,
    "status": status,
    "kebab": kebab,
    "size": size,
    "icon": icons.icon,
}

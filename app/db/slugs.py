"""Names of assistants as parts of URLs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from uuid import UUID

MAX_LENGTH = 60
FALLBACK = "assistant"


def slug_of(name: str) -> str:
    """Lower-case ASCII words joined by hyphens; never empty, never in the form of an id."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_LENGTH].strip("-") or FALLBACK
    return f"{FALLBACK}-{slug}" if _is_id(slug) else slug


def first_free(slug: str, taken: Collection[str]) -> str:
    """The slug itself, or the first of `slug-2`, `slug-3`, … that is not taken."""
    number, free = 1, slug
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    return free


def _is_id(slug: str) -> bool:
    try:
        UUID(slug)
    except ValueError:
        return False
    return True

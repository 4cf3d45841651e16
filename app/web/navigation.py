"""The places of the service, as the side of every page lists them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.db.records import UserRole
from app.http.principal import Principal


class Place(msgspec.Struct, frozen=True):
    """One entry: a page and everything whose address begins with its own."""

    name: str
    path: str
    icon: str


class Section(msgspec.Struct, frozen=True):
    """Places that belong together, for those who hold `role` or one above it."""

    name: str
    role: UserRole
    places: tuple[Place, ...]


SECTIONS = (
    Section(
        "Use",
        UserRole.USER,
        (Place("Gallery", "/", "grid"), Place("Runs", "/runs", "clock")),
    ),
    Section("Build", UserRole.AUTHOR, (Place("Assistants", "/assistants", "layers"),)),
    Section(
        "Administer",
        UserRole.ADMIN,
        (
            Place("Overview", "/admin", "chart"),
            Place("Executions", "/admin/executions", "list"),
            Place("Approvals", "/admin/approvals", "check"),
            Place("Providers", "/admin/providers", "plug"),
            Place("Models", "/admin/models", "cube"),
            Place("Users", "/admin/users", "people"),
            Place("Audit", "/admin/audit", "shield"),
            Place("Retention", "/admin/retention", "archive"),
        ),
    ),
    Section("You", UserRole.USER, (Place("API keys", "/keys", "key"),)),
)


def sections_for(caller: Principal) -> Sequence[Section]:
    """What the caller may go to."""
    return [section for section in SECTIONS if caller.has_role(section.role)]


def place_of(path: str) -> str:
    """The path of the place that an address belongs to: the longest that it begins with; `/` for those of none.

    The form of an assistant is reached from the gallery, also by those who build none.
    """
    if path.startswith("/assistants/") and path.endswith("/run"):
        return "/"
    paths = [place.path for section in SECTIONS for place in section.places if place.path != "/"]
    within = [one for one in paths if path == one or path.startswith(f"{one}/")]
    return max(within, key=len, default="/")

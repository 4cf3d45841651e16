"""The pages of authors in one list."""

from __future__ import annotations

from app.web.authoring import editing, listing, versions

ROUTES = (*listing.ROUTES, *editing.ROUTES, *versions.ROUTES)

"""Every page in one list."""

from __future__ import annotations

from app.web import entrance, keys, running
from app.web.admin import routes as administration
from app.web.static_files import static_file

PAGES = (static_file, *entrance.ROUTES, *running.ROUTES, *keys.ROUTES, *administration.ROUTES)

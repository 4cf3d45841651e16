"""Every page in one list."""

from __future__ import annotations

from app.web import entrance, running
from app.web.authoring import routes as authoring
from app.web.static_files import static_file

PAGES = (static_file, *entrance.ROUTES, *running.ROUTES, *authoring.ROUTES)

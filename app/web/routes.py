"""Every page in one list."""

from __future__ import annotations

from app.web import entrance, gallery, keys
from app.web.admin import executions
from app.web.admin import routes as administration
from app.web.authoring import routes as authoring
from app.web.runs import download, history, show, start
from app.web.static_files import static_file

PAGES = (
    static_file,
    *entrance.ROUTES,
    *gallery.ROUTES,
    *start.ROUTES,
    *show.ROUTES,
    *download.ROUTES,
    *history.ROUTES,
    *authoring.ROUTES,
    *executions.ROUTES,
    *administration.ROUTES,
    *keys.ROUTES,
)

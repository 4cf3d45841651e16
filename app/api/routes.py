"""Every route of the API in one list."""

from __future__ import annotations

from app.api import diagnostics, executions, feedback, health, keys, metrics, openapi, session
from app.api.admin import audit, maintenance, models, providers, stats, users
from app.api.admin import keys as all_keys
from app.api.admin.executions import live
from app.api.admin.executions import routes as all_executions
from app.api.assistant_architect.stream import stream
from app.api.assistants import collection, item, preview, review, transfer

ROUTES = (
    stream,
    *executions.ROUTES,
    feedback.give_feedback,
    *collection.ROUTES,
    *item.ROUTES,
    *transfer.ROUTES,
    preview.preview_assistant,
    *review.ROUTES,
    *session.ROUTES,
    *keys.ROUTES,
    *stats.ROUTES,
    *all_executions.ROUTES,
    live.follow_live,
    *users.ROUTES,
    *all_keys.ROUTES,
    *providers.ROUTES,
    *models.ROUTES,
    *audit.ROUTES,
    *maintenance.ROUTES,
    *health.ROUTES,
    metrics.metrics,
    *diagnostics.ROUTES,
    openapi.openapi_document,
)

"""Every route of the API in one list."""

from __future__ import annotations

from app.api import diagnostics, executions, feedback, health, keys, metrics, models, openapi, session
from app.api.admin import audit, maintenance, providers, stats, users
from app.api.admin import keys as all_keys
from app.api.admin import models as all_models
from app.api.admin.executions import live
from app.api.admin.executions import routes as all_executions
from app.api.assistant_architect.stream import stream
from app.api.assistants import checking, collection, item, preview, review, transfer

ROUTES = (
    stream,
    *executions.ROUTES,
    feedback.give_feedback,
    *collection.ROUTES,
    *item.ROUTES,
    *transfer.ROUTES,
    *preview.ROUTES,
    checking.check_definition,
    *review.ROUTES,
    *models.ROUTES,
    *session.ROUTES,
    *keys.ROUTES,
    *stats.ROUTES,
    *all_executions.ROUTES,
    live.follow_live,
    *users.ROUTES,
    *all_keys.ROUTES,
    *providers.ROUTES,
    *all_models.ROUTES,
    *audit.ROUTES,
    *maintenance.ROUTES,
    *health.ROUTES,
    metrics.metrics,
    *diagnostics.ROUTES,
    openapi.openapi_document,
)

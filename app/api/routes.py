"""Every route of the API in one list."""

from __future__ import annotations

from app.api import diagnostics, executions, feedback, health, keys, metrics, models, openapi, session
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
    *health.ROUTES,
    metrics.metrics,
    *diagnostics.ROUTES,
    openapi.openapi_document,
)

"""Every page for administrators but those of executions."""

from __future__ import annotations

from app.web.admin import approvals, audit, overview, providers, users

ROUTES = (*overview.ROUTES, *users.ROUTES, *providers.ROUTES, *approvals.ROUTES, *audit.ROUTES)

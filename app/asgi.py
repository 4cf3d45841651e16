"""The composition root: the only file that knows everyone."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp

from app.api import health, metrics
from app.api.access import Access
from app.api.admin.executions.live_view import LiveView
from app.api.admin.executions.replay import Replays
from app.api.admin.maintenance_work import Maintenance
from app.api.admin.provider_desk import ProviderDesk
from app.api.api_document import ApiDocument
from app.api.assistants.definition_body import DefinitionReader
from app.api.assistants.importing import Importer
from app.api.delivery import Delivery
from app.api.diagnosis import Diagnosis
from app.api.new_key import KeyMaker
from app.api.openapi import openapi_config
from app.api.rerunning import Rerunner
from app.api.routes import ROUTES
from app.api.sign_in_links import SignInLinks
from app.api.signing_in import SignIn
from app.api.starting import Starter
from app.http.api_keys import ApiKeys
from app.http.authentication import Authentication
from app.http.bodies import MAX_BODY_BYTES
from app.http.csrf import CsrfProtection, CsrfTokens
from app.http.passwords import Passwords
from app.http.plain_addresses import PlainAddresses
from app.http.problems import exception_handlers
from app.http.rate_limits import RateLimitGuard
from app.http.request_envelope import RequestEnvelope
from app.http.sessions import WebSessions
from app.node import Node
from app.settings import Settings
from app.web import page, problem_pages
from app.web.assets import Assets
from app.web.folders import STATIC
from app.web.routes import PAGES


def create_app(settings: Settings) -> ASGIApp:
    """A node and its application, ready to be served."""
    return application(Node(settings))


def application(node: Node) -> ASGIApp:
    """The application over a node, which it opens and closes with its lifespan."""
    settings, storage, clock = node.settings, node.storage, node.clock
    csrf = CsrfTokens(settings.secret)
    assets = Assets(STATIC)
    pages = page.Pages(assets, csrf)
    sessions = WebSessions(storage.sessions, clock, node.supervisor, secrets.token_bytes, https=settings.https)
    keys = ApiKeys(storage.api_keys, clock, node.supervisor)
    authentication = Authentication(sessions, keys)
    passwords = Passwords()
    access = Access(storage, clock)
    starter = Starter(node.service, storage.assistants, node.new_id, settings.max_concurrent_executions)
    held: dict[str, Any] = {
        "access": access,
        "assets": assets,
        "assistants": storage.assistants,
        "executions": storage.executions,
        "api_keys": storage.api_keys,
        "audit": storage.audit,
        "authentication": authentication,
        "catalogue": node.models.catalogue,
        "csrf": csrf,
        "definitions": DefinitionReader(node.models.catalogue, node.new_id),
        "diagnosis": Diagnosis(node.service.manager.worker, node.deliveries, clock, settings.heartbeat_seconds),
        "document": ApiDocument(),
        "delivery": Delivery(node.service, node.deliveries, authentication, starter, access),
        "importer": Importer(storage.assistants, node.models.catalogue, node.new_id),
        "key_cache": keys,
        "live_view": LiveView(storage.running, node.deliveries, authentication, clock),
        "maintenance": Maintenance(node.retention, node.service.sweep, node.supervisor),
        "metrics_page": node.metrics.page,
        "maker": KeyMaker(storage.api_keys, clock, secrets.token_bytes),
        "model_usage": storage.model_usage,
        "oversight": storage.oversight,
        "pages": pages,
        "prices": node.prices,
        "model_prices": storage.model_prices,
        "provider_desk": ProviderDesk(
            node.providers, node.models.catalogue, node.figures.health, storage.model_usage, clock
        ),
        "readiness": node.readiness,
        "replays": Replays(storage.log_store),
        "rerunner": Rerunner(
            node.service, storage.assistants, storage.executions, node.new_id, settings.max_concurrent_executions
        ),
        "retention_ages": node.retention.ages,
        "running": storage.running,
        "service": node.service,
        "sessions": sessions,
        "sign_in_links": SignInLinks(storage.sessions, clock, secrets.token_bytes, settings.public_url),
        "signing_in": SignIn(storage, sessions, passwords, node.limits, clock),
        "starter": starter,
        "statistics": storage.statistics,
        "users": storage.users,
    }

    @asynccontextmanager
    async def working(_: Litestar) -> AsyncIterator[None]:
        async with _open(node):
            try:
                yield
            finally:
                await passwords.close()

    app = Litestar(
        [*ROUTES, *PAGES],
        dependencies=_provided(held),
        exception_handlers=problem_pages.exception_handlers(pages),
        guards=[RateLimitGuard(node.limits)],
        lifespan=[working],
        logging_config=None,
        middleware=[PlainAddresses(), authentication, CsrfProtection(csrf, settings.public_url)],
        openapi_config=openapi_config(),
        request_max_body_size=MAX_BODY_BYTES,
        template_config=page.template_config(assets),
    )
    return RequestEnvelope(app, clock, node.new_id, https=settings.https, figures=node.http_figures)


def worker_application(node: Node) -> ASGIApp:
    """What a node answers that only works: whether it lives, whether it can do its work, and its figures."""
    app = Litestar(
        [*health.ROUTES, metrics.metrics],
        dependencies=_provided({"readiness": node.readiness, "metrics_page": node.metrics.page}),
        exception_handlers=exception_handlers(),
        lifespan=[lambda _: _open(node)],
        logging_config=None,
        openapi_config=None,
    )
    return RequestEnvelope(app, node.clock, node.new_id, https=False, figures=node.http_figures)


@asynccontextmanager
async def _open(node: Node) -> AsyncIterator[None]:
    await node.open()
    try:
        yield
    finally:
        await node.close()


class _Provide(Provide):
    """Is only itself: Litestar compares all with each other for every handler, and to look inside each is slow."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _provided(held: Mapping[str, Any]) -> dict[str, Provide]:
    return {name: _Provide(_held(value), sync_to_thread=False) for name, value in held.items()}


def _held(value: Any) -> Callable[[], Any]:
    return lambda: value

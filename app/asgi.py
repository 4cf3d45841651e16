"""The composition root: the only file that knows everyone."""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from litestar.types import ASGIApp

from app.api.access import Access
from app.api.api_document import ApiDocument
from app.api.assistants.definition_body import DefinitionReader
from app.api.assistants.importing import Importer
from app.api.delivery import Delivery
from app.api.new_key import KeyMaker
from app.api.openapi import openapi_config
from app.api.readiness import Readiness
from app.api.routes import ROUTES
from app.api.signing_in import SignIn
from app.api.starting import Starter
from app.db.database import configured_storage
from app.db.url import is_postgresql
from app.http.api_keys import ApiKeys
from app.http.authentication import Authentication
from app.http.bodies import MAX_BODY_BYTES
from app.http.csrf import CsrfProtection, CsrfTokens
from app.http.deliveries import Deliveries
from app.http.event_stream import StreamLimits
from app.http.passwords import Passwords
from app.http.problems import exception_handlers
from app.http.rate_limits import SIGN_IN, STARTS, RateLimitGuard, RateLimits
from app.http.rate_storage import open_rate_storage
from app.http.request_envelope import RequestEnvelope
from app.http.sessions import WebSessions
from app.jobs.memory import MemoryJobQueue
from app.model_sources import ModelSources
from app.settings import Settings
from app.web import pages
from lib.streaming.clock import SystemClock
from lib.streaming.execution_manager.prompt_run import Tools
from lib.streaming.ids import Uuid7Factory
from lib.streaming.prompt_processor.processor import PromptProcessor
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.resilience.retry import RetryPolicy
from lib.streaming.streaming_service.service import StreamingService
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import WorkerId


class Node:
    """One process of the service: the engine and what it stands on. Built before the event loop, opened on it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.new_id = Uuid7Factory(self.clock.now_ms)
        self.supervisor = Supervisor(self.clock)
        self.storage = configured_storage(settings, self.clock, self.new_id)
        self.models = ModelSources(settings, self.clock)
        self.service = StreamingService(
            store=self.storage.execution_store,
            log_store=self.storage.log_store,
            queue=MemoryJobQueue(self.clock),
            tools=self._tools(),
            worker=WorkerId(self.new_id()),
        )
        limits = StreamLimits(heartbeat=settings.heartbeat_seconds, send=settings.send_seconds)
        self.deliveries = Deliveries(self.clock, random.SystemRandom(), limits)
        self.readiness = Readiness(self.storage)

    def _tools(self) -> Tools:
        retries = RetryPolicy(random.SystemRandom().random)
        return Tools(self.models.providers, PromptProcessor(TemplateCache()), retries, self.clock, self.settings.engine)

    async def open(self) -> None:
        """Start working. SQLite has one node, so what a predecessor left is taken over at once."""
        await self.service.open(only_node=not is_postgresql(self.settings.database_url))
        self.supervisor.start("warm-up", self.models.warm_up())

    def begin_draining(self) -> None:
        """No more traffic to this node; its viewers reconnect elsewhere, or here after the restart."""
        self.readiness.stop()
        self.service.send_viewers_away()
        self.deliveries.drain()

    async def drain(self) -> None:
        await self.service.drain(self.settings.drain_seconds)

    async def close(self) -> None:
        await self.deliveries.close()
        await self.service.close()
        await self.supervisor.close()
        await self.models.close()
        await self.storage.close()


def create_app(settings: Settings) -> ASGIApp:
    """A node and its application, ready to be served."""
    return application(Node(settings))


def application(node: Node) -> ASGIApp:
    """The application over a node, which it opens and closes with its lifespan."""
    settings, storage, clock = node.settings, node.storage, node.clock
    csrf = CsrfTokens(settings.secret)
    sessions = WebSessions(storage.sessions, clock, node.supervisor, secrets.token_bytes, https=settings.https)
    keys = ApiKeys(storage.api_keys, clock, node.supervisor)
    authentication = Authentication(sessions, keys)
    rates = {STARTS: settings.rate_limit_starts, SIGN_IN: settings.rate_limit_sign_in}
    limits = RateLimits(open_rate_storage(settings.limits_url, clock), clock, rates)
    passwords = Passwords()
    access = Access(storage, clock)
    starter = Starter(node.service, storage.assistants, node.new_id, settings.max_concurrent_executions)
    held: dict[str, Any] = {
        "access": access,
        "assistants": storage.assistants,
        "executions": storage.executions,
        "api_keys": storage.api_keys,
        "authentication": authentication,
        "csrf": csrf,
        "definitions": DefinitionReader(node.models.catalogue, node.new_id),
        "document": ApiDocument(),
        "delivery": Delivery(node.service, node.deliveries, authentication, starter, access),
        "importer": Importer(storage.assistants, node.models.catalogue, node.new_id),
        "key_cache": keys,
        "maker": KeyMaker(storage.api_keys, clock, secrets.token_bytes),
        "readiness": node.readiness,
        "service": node.service,
        "sessions": sessions,
        "signing_in": SignIn(storage, sessions, passwords, limits, clock),
        "starter": starter,
    }

    @asynccontextmanager
    async def working(_: Litestar) -> AsyncIterator[None]:
        await node.open()
        try:
            yield
        finally:
            await passwords.close()
            await node.close()

    app = Litestar(
        [*ROUTES, *pages.ROUTES],
        dependencies={name: Provide(_held(value), sync_to_thread=False) for name, value in held.items()},
        exception_handlers=exception_handlers(),
        guards=[RateLimitGuard(limits)],
        lifespan=[working],
        logging_config=None,
        middleware=[authentication, CsrfProtection(csrf, settings.public_url)],
        openapi_config=openapi_config(),
        request_max_body_size=MAX_BODY_BYTES,
        template_config=TemplateConfig(directory=pages.TEMPLATES, engine=JinjaTemplateEngine),
    )
    return RequestEnvelope(app, clock, node.new_id, https=settings.https)


def _held(value: Any) -> Callable[[], Any]:
    return lambda: value

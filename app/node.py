"""One process of the service: the engine and what it stands on."""

from __future__ import annotations

import logging
import random

import msgspec

from app.api.readiness import Readiness
from app.backend import backend_of
from app.http.deliveries import Deliveries
from app.http.event_stream import StreamLimits
from app.http.http_figures import HttpFigures
from app.http.rate_limits import SIGN_IN, STARTS, RateLimits
from app.http.rate_storage import open_limiter
from app.metrics.loop_lag import LoopLag
from app.metrics.metrics import Metrics
from app.metrics.sources import Sources
from app.metrics.version import version
from app.model_sources import OWN_PROVIDERS, ModelSources
from app.price_list import KeptPrices
from app.retention import Ages, Retention
from app.settings import Settings
from lib.streaming.clock import Clock, SystemClock
from lib.streaming.errors import StreamingError
from lib.streaming.execution_manager.prompt_run import Tools
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.ids import Uuid7Factory
from lib.streaming.metering.engine_figures import EngineFigures
from lib.streaming.metering.execution_store import MeteredExecutionStore
from lib.streaming.metering.log_store import MeteredLogStore
from lib.streaming.metering.providers import WatchedProviders
from lib.streaming.prompt_processor.processor import PromptProcessor
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.resilience.retry import RetryPolicy
from lib.streaming.streaming_service.service import StreamingService
from lib.streaming.supervisor import Supervisor
from lib.streaming.types import WorkerId

log = logging.getLogger(__name__)

#: How soon the executions of a worker that died are handed on by the others, once its leases have lapsed.
SWEEP_SECONDS_AMONG_OTHERS = 1.0


class Node:
    """Built before the event loop, opened on it. `works`: whether it runs executions, besides serving them."""

    def __init__(self, settings: Settings, *, works: bool = True, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.new_id = Uuid7Factory(self.clock.now_ms)
        self.supervisor = Supervisor(self.clock)
        self.models = ModelSources(settings, self.clock)
        self._works = works
        self._backend = backend_of(settings, self.clock, self.new_id)
        self.storage = self._backend.storage
        self.figures, self.http_figures = EngineFigures(), HttpFigures()
        self.prices = KeptPrices(self.storage.model_prices, self.clock, OWN_PROVIDERS)
        self.providers = WatchedProviders(self.models.providers, self.figures.health)
        self.service = StreamingService(
            store=MeteredExecutionStore(self.storage.execution_store, self.figures),
            log_store=MeteredLogStore(self.storage.log_store, self.figures, self.clock),
            queue=self._backend.queue,
            tools=self._tools(),
            worker=WorkerId(self.new_id()),
            others=self._backend.others,
        )
        limits = StreamLimits(heartbeat=settings.heartbeat_seconds, send=settings.send_seconds)
        self.deliveries = Deliveries(self.clock, random.SystemRandom(), limits)
        self.readiness = Readiness(self.storage)
        self.retention = Retention(self.storage, self.clock, Ages.of(settings), random.SystemRandom())
        rates = {STARTS: settings.rate_limit_starts, SIGN_IN: settings.rate_limit_sign_in}
        self.limits = RateLimits(open_limiter(settings.limits_url, settings.limits_outage, self.clock), rates)
        self.metrics = self._metrics()

    def _metrics(self) -> Metrics:
        lag = LoopLag(self.clock)
        sources = Sources(
            version=version(),
            database=self.settings.database_kind,
            engine=self.figures,
            http=self.http_figures,
            loop_lag=lag.seconds,
            backlog=self.storage.backlog,
            database_load=self.storage.database.load,
            executions_held=lambda: len(self.service.manager.held()),
            streams_open=lambda: len(self.deliveries),
            rate_limit_outages=lambda: self.limits.outages,
        )
        return Metrics(self.settings, sources, lag)

    def _tools(self) -> Tools:
        retries = RetryPolicy(random.SystemRandom().random)
        processor = PromptProcessor(TemplateCache())
        return Tools(self.providers, processor, retries, self.clock, self._engine(), self.prices)

    def _engine(self) -> EngineSettings:
        engine = msgspec.structs.replace(self.settings.engine, max_running=self._backend.hands)
        if self._backend.alone:
            return engine
        # The queue counts what all nodes run, so everything has to go through it.
        return msgspec.structs.replace(engine, sweep_seconds=SWEEP_SECONDS_AMONG_OTHERS, claim_at_start=False)

    async def open(self) -> None:
        """Start. A node that is alone takes over at once what its predecessor left; among others leases decide."""
        self.metrics.open(self.supervisor)
        await self._know_prices()
        await self.service.open(only_node=self._backend.alone, works=self._works)
        log.info("node %s is open and %s", self.service.manager.worker, "works" if self._works else "only serves")
        if self._works:
            self.supervisor.start("warm-up", self.models.warm_up())
            if self.retention.ages:
                self.supervisor.keep("retention", self.retention.keep_running)

    async def _know_prices(self) -> None:
        """Before anything runs; a database that does not answer, or is not migrated yet, has nothing to run either."""
        try:
            if await self.storage.at_head():
                await self.prices.refresh()
        except StreamingError as error:
            log.warning("prices could not be read yet: %s", error.message)
        self.supervisor.keep("prices", self.prices.keep_fresh)

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
        await self.limits.close()
        await self.metrics.close()
        await self.storage.close()

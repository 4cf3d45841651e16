"""One process of the service: the engine and what it stands on."""

from __future__ import annotations

import logging
import random

import msgspec

from app.api.readiness import Readiness
from app.backend import backend_of
from app.http.deliveries import Deliveries
from app.http.event_stream import StreamLimits
from app.model_sources import ModelSources
from app.settings import Settings
from lib.streaming.clock import Clock, SystemClock
from lib.streaming.execution_manager.prompt_run import Tools
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.ids import Uuid7Factory
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
        self.service = StreamingService(
            store=self.storage.execution_store,
            log_store=self.storage.log_store,
            queue=self._backend.queue,
            tools=self._tools(),
            worker=WorkerId(self.new_id()),
            others=self._backend.others,
        )
        limits = StreamLimits(heartbeat=settings.heartbeat_seconds, send=settings.send_seconds)
        self.deliveries = Deliveries(self.clock, random.SystemRandom(), limits)
        self.readiness = Readiness(self.storage)

    def _tools(self) -> Tools:
        retries = RetryPolicy(random.SystemRandom().random)
        return Tools(self.models.providers, PromptProcessor(TemplateCache()), retries, self.clock, self._engine())

    def _engine(self) -> EngineSettings:
        engine = msgspec.structs.replace(self.settings.engine, max_running=self._backend.hands)
        if self._backend.alone:
            return engine
        # The queue counts what all nodes run, so everything has to go through it.
        return msgspec.structs.replace(engine, sweep_seconds=SWEEP_SECONDS_AMONG_OTHERS, claim_at_start=False)

    async def open(self) -> None:
        """Start. A node that is alone takes over at once what its predecessor left; among others leases decide."""
        await self.service.open(only_node=self._backend.alone, works=self._works)
        log.info("node %s is open and %s", self.service.manager.worker, "works" if self._works else "only serves")
        if self._works:
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

"""A whole service in the test's own process, whose end is checked for the invariants."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.http.telemetry import ConsoleFormatter
from lib.streaming.clock import Clock
from tests.support.fault_upstream import FaultUpstream
from tests.support.invariants.loop_probe import LoopProbe, Reading
from tests.support.invariants.watch import watched
from tests.support.service import Service, running_service


class ServiceSubject:
    """A `Subject`: the service as the test has it, or another on the same database once that one has stopped.

    `again` makes that other one.
    """

    name = "the service"
    serves = True
    upstream: FaultUpstream | None = None
    control_model = "scripted/echo"
    pid = os.getpid()

    def __init__(
        self,
        service: Service,
        again: Callable[[], AbstractAsyncContextManager[Service]],
        answers: bytearray,
        log: io.StringIO,
    ) -> None:
        self.service = service
        self.database_url = service.node.settings.database_url
        self.probe = LoopProbe()
        self.later = AsyncExitStack()
        self._again = again
        self._answers = answers
        self._log = log

    @property
    def base_url(self) -> str:
        return str(self.service.client.base_url)

    @property
    def secrets(self) -> list[str]:
        return self.service.secrets

    async def reading(self) -> Reading:
        return self.probe.read()

    async def serve(self) -> None:
        if self.service.stopping:
            # Building an application is no part of serving.
            self.probe.end()
            await self.service.server.stop()
            self.service = await self.later.enter_async_context(self._again())
            self.probe.begin(asyncio.get_running_loop())

    def told(self) -> dict[str, bytes]:
        return {"the log": self._log.getvalue().encode(), "an answer": bytes(self._answers)}


@asynccontextmanager
async def watched_service(
    directory: Path, *, again: bool = False, works: bool = True, clock: Clock | None = None, **environment: str
) -> AsyncIterator[Service]:
    """As `running_service`; at the end every invariant must hold."""
    observed = observed_service(directory, again=again, works=works, clock=clock, **environment)
    async with observed as subject, watched(subject):
        yield subject.service


@asynccontextmanager
async def observed_service(
    directory: Path, *, again: bool = False, works: bool = True, clock: Clock | None = None, **environment: str
) -> AsyncIterator[ServiceSubject]:
    """As `running_service`, for whoever watches it."""
    answers = bytearray()
    wrap = _reading_along(answers)

    def anew() -> AbstractAsyncContextManager[Service]:
        return running_service(directory, again=True, works=works, clock=clock, wrap=wrap, **environment)

    with _logged() as log:
        async with running_service(
            directory, again=again, works=works, clock=clock, wrap=wrap, **environment
        ) as service:
            subject = ServiceSubject(service, anew, answers, log)
            with probing(subject.probe):
                async with subject.later:
                    yield subject


@contextmanager
def probing(probe: LoopProbe) -> Iterator[None]:
    """Without the collector: it would walk all that a test process has imported, and no server has.

    Not with it again before the last of several is done: it has much to do then.
    """
    collecting = gc.isenabled()
    gc.disable()
    probe.begin(asyncio.get_running_loop())
    try:
        yield
    finally:
        probe.end()
        if collecting:
            gc.enable()


def _reading_along(answers: bytearray) -> Callable[[ASGIApp], ASGIApp]:
    def wrap(app: ASGIApp) -> ASGIApp:
        async def reading_along(scope: Scope, receive: Receive, send: Send) -> None:
            async def keep(message: Message) -> None:
                if message["type"] == "http.response.body":
                    answers.extend(message["body"])
                await send(message)

            await app(scope, receive, keep)

        return reading_along

    return wrap


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """All that is logged meanwhile, as the server would write it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(ConsoleFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

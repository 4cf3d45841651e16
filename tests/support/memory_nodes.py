"""Nodes in memory that share a store, and somebody who watches on one of them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from lib.streaming.types import ExecutionId, ExecutionStatus
from tests.support.engine import Engine, chain
from tests.support.fake_clock import FakeClock, settle
from tests.support.hand_fed_provider import HandFedProvider
from tests.support.shared_store import SharedStore

RUN = ExecutionId("run-1")
LEASE = 5.0
NODE_LEASE = 10.0


class Nodes:
    """`worker` runs everything, `web` only serves; both are there from the start."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.clock = FakeClock()
        self.store = SharedStore(self.clock)
        self.provider = HandFedProvider()
        self._stack = stack

    async def start(self, *prompts: str, on: Engine | None = None, **more: Any) -> None:
        """Start `RUN`, or what `id` says, on the worker or another node."""
        await (on or self.worker).start(chain(*(prompts or ("a",))), **more)

    async def finish(self) -> None:
        """Let the prompt that was asked last end well."""
        await self.provider.streams[-1].text("end")
        await self.provider.streams[-1].finish()

    async def add(self, name: str, *, works: bool) -> Engine:
        engine = Engine(store=self.store, clock=self.clock, provider=self.provider, worker=name, works=works)
        return await self._stack.enter_async_context(engine)

    async def open(self) -> None:
        self.worker = await self.add("worker", works=True)
        self.web = await self.add("web", works=False)
        # Long enough for what a silent node means to be known.
        await self.clock.advance(NODE_LEASE + 1)

    def status(self) -> ExecutionStatus:
        return self.store.rows[RUN].status


class Watcher:
    """Reads one execution on one node until its end."""

    def __init__(self, engine: Engine, after: int = 0, id: str = RUN) -> None:
        self.numbers: list[int] = []
        self._engine, self._after, self._id = engine, after, ExecutionId(id)

    async def begin(self) -> Watcher:
        view = await self._engine.service.follow(self._id, self._after)
        assert view is not None
        self._view = view
        self._task = asyncio.ensure_future(self._read())
        await settle()
        return self

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._view.close()
        await settle()

    async def _read(self) -> None:
        while (frames := await self._view.read(15)) is not None:
            blocks = [block for block in frames.decode().split("\n\n") if block]
            self.numbers += [int(block.split("\n")[0].removeprefix("id: ")) for block in blocks]
        await self._view.close()


async def fall_silent(engine: Engine) -> None:
    """Neither hear nor say anything any more."""
    assert engine.service._neighbours is not None
    await engine.service._neighbours.close()


def die(engine: Engine) -> None:
    """As after a kill -9: nothing keeps its leases any more."""
    engine.service.manager.held = dict  # type: ignore[method-assign]

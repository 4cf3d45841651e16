"""A provider whose answers a test feeds by hand, delta by delta."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from lib.streaming.errors import PromptFailure, UpstreamFailure
from lib.streaming.ports.models import Delta, DeltaStream, Finish, ModelRequest, Provider, TextDelta
from lib.streaming.types import FinishReason
from tests.support.fake_clock import settle


class HandFedStream:
    def __init__(self, request: ModelRequest) -> None:
        self.request = request
        self.open = True
        self._items: asyncio.Queue[Sequence[Delta] | PromptFailure | None] = asyncio.Queue()

    @property
    def prompt(self) -> str:
        return self.request.messages[-1].content

    async def text(self, *texts: str) -> None:
        for text in texts:
            self._items.put_nowait([TextDelta(text)])
            await settle()

    async def deltas(self, *deltas: Delta) -> None:
        self._items.put_nowait(deltas)
        await settle()

    async def finish(self, reason: FinishReason = FinishReason.STOP) -> None:
        self._items.put_nowait([Finish(reason)])
        self._items.put_nowait(None)
        await settle()

    async def end(self) -> None:
        """End without a finish reason."""
        self._items.put_nowait(None)
        await settle()

    async def fail(self, failure: PromptFailure) -> None:
        self._items.put_nowait(failure)
        await settle()

    async def __aiter__(self) -> AsyncIterator[Sequence[Delta]]:
        while (item := await self._items.get()) is not None:
            if isinstance(item, PromptFailure):
                raise item
            yield item


class HandFedProvider:
    """Implements `Provider` and `ProviderDirectory`: every model is its own; `streams` in the order of opening."""

    name = "hand"

    def __init__(self) -> None:
        self.streams: list[HandFedStream] = []
        self.refusals: list[PromptFailure] = []

    def find(self, model: str) -> tuple[Provider, str]:
        if not model.startswith("hand/"):
            raise UpstreamFailure(f"No provider serves {model} here.", code="provider_unavailable")
        return self, model.removeprefix("hand/")

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncIterator[DeltaStream]:
        if self.refusals:
            raise self.refusals.pop(0)
        stream = HandFedStream(request)
        self.streams.append(stream)
        try:
            yield aiter(stream)
        finally:
            stream.open = False

    async def close(self) -> None:
        return None

    @property
    def open_streams(self) -> int:
        return sum(stream.open for stream in self.streams)

    def by_prompt(self, prompt: str) -> HandFedStream:
        """The newest stream whose last message is `prompt`."""
        return next(stream for stream in reversed(self.streams) if stream.prompt == prompt)

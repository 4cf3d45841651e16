"""The model that comes with the product: a child process on this machine behind the OpenAI-compatible provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from lib.streaming.clock import Clock
from lib.streaming.ports.models import DeltaStream, ModelRequest
from lib.streaming.providers.local_server import LocalEndpoint

if TYPE_CHECKING:
    from lib.streaming.providers.openai import OpenAIProvider

#: The bundled model's id; `local/smollm2` in a definition.
LOCAL_MODEL = "smollm2"


class ModelServer(Protocol):
    """A model somebody has to start: `LocalModelServer`."""

    async def start(self) -> LocalEndpoint: ...

    async def stop(self) -> None: ...


class LocalProvider:
    """Starts the server when the first call comes, or at `warm_up`, and again after it has died."""

    name = "local"

    def __init__(self, server: ModelServer, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._endpoint: LocalEndpoint | None = None
        self._provider: OpenAIProvider | None = None
        self._changing = asyncio.Lock()

    async def warm_up(self) -> None:
        """Load the model now. Raises `UpstreamFailure` if it does not come up."""
        await (await self._running()).warm_up()

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[DeltaStream]:
        return self._open(request)

    async def close(self) -> None:
        """Close every connection and end the server."""
        await self._close_provider()
        await self._server.stop()

    @asynccontextmanager
    async def _open(self, request: ModelRequest) -> AsyncIterator[DeltaStream]:
        provider = await self._running()
        async with provider.open(request) as deltas:
            yield deltas

    async def _running(self) -> OpenAIProvider:
        endpoint = await self._server.start()
        async with self._changing:
            if self._provider is None or endpoint != self._endpoint:
                await self._close_provider()
                self._provider = await asyncio.to_thread(self._provider_at, endpoint)
                self._endpoint = endpoint
            return self._provider

    def _provider_at(self, endpoint: LocalEndpoint) -> OpenAIProvider:
        # Its HTTP client takes half a second to import, which no start has to wait for.
        from lib.streaming.providers.openai import OpenAIProvider

        return OpenAIProvider(
            clock=self._clock,
            api_key=endpoint.api_key,
            base_url=endpoint.base_url,
            name=self.name,
            older_limit_name=True,
        )

    async def _close_provider(self) -> None:
        provider, self._provider = self._provider, None
        if provider is not None:
            await provider.close()

"""How providers do: the calls under way, and how the last ones ended."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from lib.streaming.ports.models import DeltaStream, ModelRequest, Provider, ProviderDirectory

#: Failures remembered of one provider.
LAST_ERRORS = 10
#: Models told apart, of one provider: authors choose the names.
MOST_MODELS = 100


class CallFailure(msgspec.Struct, frozen=True):
    """`at_ms`: Unix milliseconds. The message is safe to show."""

    at_ms: int
    model: str
    code: str
    message: str


class ModelCalls(msgspec.Struct):
    """Attempts that ended. `in_a_row`: failures since the last one that went well."""

    ended: int = 0
    failed: int = 0
    in_a_row: int = 0


class ProviderHealth:
    """What one process knows of a provider since it was started."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.models: dict[str, ModelCalls] = {}
        self._errors: deque[CallFailure] = deque(maxlen=LAST_ERRORS)

    @property
    def errors(self) -> Sequence[CallFailure]:
        """Newest first."""
        return tuple(reversed(self._errors))

    def succeeded(self, model: str) -> None:
        calls = self._calls(model)
        calls.ended += 1
        calls.in_a_row = 0

    def failed(self, failure: CallFailure) -> None:
        calls = self._calls(failure.model)
        calls.ended += 1
        calls.failed += 1
        calls.in_a_row += 1
        self._errors.append(failure)

    def _calls(self, model: str) -> ModelCalls:
        if model not in self.models and len(self.models) >= MOST_MODELS:
            del self.models[next(iter(self.models))]
        return self.models.setdefault(model, ModelCalls())


class HealthBook:
    """The health of each provider, by its name."""

    def __init__(self) -> None:
        self._providers: dict[str, ProviderHealth] = {}

    def of(self, provider: str) -> ProviderHealth:
        return self._providers.setdefault(provider, ProviderHealth())


class WatchedProviders:
    """A `ProviderDirectory` over another one, which counts the calls under way."""

    def __init__(self, providers: ProviderDirectory, health: HealthBook) -> None:
        self._providers = providers
        self._health = health

    def find(self, model: str) -> tuple[Provider, str]:
        provider, model_id = self._providers.find(model)
        return _Watched(provider, self._health.of(provider.name)), model_id


class _Watched:
    def __init__(self, provider: Provider, health: ProviderHealth) -> None:
        self._provider = provider
        self._health = health

    @property
    def name(self) -> str:
        return self._provider.name

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[DeltaStream]:
        return self._open(request)

    async def close(self) -> None:
        await self._provider.close()

    @asynccontextmanager
    async def _open(self, request: ModelRequest) -> AsyncIterator[DeltaStream]:
        self._health.in_flight += 1
        try:
            async with self._provider.open(request) as stream:
                yield stream
        finally:
            self._health.in_flight -= 1

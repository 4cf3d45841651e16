"""Finds the provider a definition's `<provider>/<model id>` means."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from lib.streaming.errors import Severity, UpstreamFailure
from lib.streaming.ports.models import Provider


class MappedProviders:
    """A ProviderDirectory over providers by name; `close` closes them all, whatever one of them raises."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = dict(providers)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._providers)

    def find(self, model: str) -> tuple[Provider, str]:
        name, slash, model_id = model.partition("/")
        provider = self._providers.get(name)
        if provider is None or not slash or not model_id:
            raise UpstreamFailure(self._absent(model), code="provider_unavailable", severity=Severity.MODEL)
        return provider, model_id

    async def close(self) -> None:
        closing = [provider.close() for provider in self._providers.values()]
        outcomes = await asyncio.gather(*closing, return_exceptions=True)
        if errors := [outcome for outcome in outcomes if outcome is not None]:
            raise BaseExceptionGroup("providers did not close", errors)

    def _absent(self, model: str) -> str:
        known = ", ".join(sorted(self._providers)) or "none"
        return f"There is no provider for the model {model!r} here. Configured providers: {known}."

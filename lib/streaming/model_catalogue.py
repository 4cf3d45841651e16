"""Which models may be named here, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class ModelFacts(msgspec.Struct, frozen=True):
    """What is known of a model; None where nothing is. `context_window`: tokens of one request with its answer."""

    name: str
    capabilities: tuple[str, ...] = ()
    context_window: int | None = None


class ModelCatalogue(msgspec.Struct, frozen=True):
    """The configured providers, each with the model ids it offers; none listed means any id is taken on trust.

    `facts`: by `<provider>/<model id>`, of the models something is known of.
    """

    models: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, ModelFacts] = MappingProxyType({})

    def offers(self, model: str) -> bool:
        """Whether `<provider>/<model id>` may be called as far as is known."""
        provider, _, model_id = model.partition("/")
        ids = self.models.get(provider)
        return ids is not None and bool(model_id) and (not ids or model_id in ids)

    def listed(self) -> list[str]:
        """Every model that is known by name, as `<provider>/<model id>`."""
        return [f"{provider}/{model_id}" for provider, ids in self.models.items() for model_id in ids]

    def unlisted(self) -> list[str]:
        """Providers that take any model id on trust."""
        return [provider for provider, ids in self.models.items() if not ids]

    def facts_of(self, model: str) -> ModelFacts:
        return self.facts.get(model) or ModelFacts(model.partition("/")[2])

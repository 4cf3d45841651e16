"""Which models may be named here."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class ModelCatalogue(msgspec.Struct, frozen=True):
    """The configured providers, each with the model ids it offers; none listed means any id is taken on trust."""

    models: Mapping[str, tuple[str, ...]]

    def offers(self, model: str) -> bool:
        """Whether `<provider>/<model id>` may be called as far as is known."""
        provider, _, model_id = model.partition("/")
        ids = self.models.get(provider)
        return ids is not None and bool(model_id) and (not ids or model_id in ids)

    def listed(self) -> list[str]:
        """Every model that is known by name, as `<provider>/<model id>`."""
        return [f"{provider}/{model_id}" for provider, ids in self.models.items() for model_id in ids]

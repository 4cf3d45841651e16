"""Which model a name in a file means here."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from lib.streaming.model_catalogue import ModelCatalogue

#: A word in a model's name, and the providers that have such models, best first.
_FAMILIES = (
    (re.compile("claude|anthropic"), ("anthropic", "amazon-bedrock")),
    (re.compile("gemini|google"), ("gemini", "google")),
    (re.compile(r"gpt|openai|(^|/)o\d"), ("openai", "azure")),
)

#: In `renamed`: every model that is not found otherwise.
ALL_OTHERS = "*"


class ModelMapping(msgspec.Struct, frozen=True):
    """Finds the model that can be called here.

    `renamed` is the importer's own word, from a name in the file to `<provider>/<model id>`. `stand_ins` gives each
    provider the model id to take when it is the right one for a name but does not offer that very model.
    """

    catalogue: ModelCatalogue
    renamed: Mapping[str, str] = {}
    stand_ins: Mapping[str, str] = {}

    def find(self, name: str) -> str | None:
        """`<provider>/<model id>` for a name, or None if nothing fits or several do."""
        if name in self.renamed:
            return self.renamed[name]
        if self.catalogue.offers(name):
            return name
        return self._listed_once(name) or self._of_family(name) or self.renamed.get(ALL_OTHERS)

    def _listed_once(self, name: str) -> str | None:
        found = [model for model in self.catalogue.listed() if model.partition("/")[2] == name]
        return found[0] if len(found) == 1 else None

    def _of_family(self, name: str) -> str | None:
        for provider in self._family_providers(name.lower()):
            model = f"{provider}/{name.rpartition('/')[2]}"
            if self.catalogue.offers(model):
                return model
            if provider in self.stand_ins:
                return f"{provider}/{self.stand_ins[provider]}"
        return None

    def _family_providers(self, name: str) -> list[str]:
        return [
            provider
            for word, providers in _FAMILIES
            if word.search(name)
            for provider in providers
            if provider in self.catalogue.models
        ]

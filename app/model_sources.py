"""The providers a deployment has."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from app.examples import load_examples
from app.settings import Settings
from lib.streaming.clock import Clock
from lib.streaming.definition import Definition
from lib.streaming.errors import StreamingError
from lib.streaming.model_catalogue import ModelCatalogue, ModelFacts
from lib.streaming.ports.models import Provider
from lib.streaming.providers.directory import MappedProviders
from lib.streaming.providers.local import LOCAL_MODEL, LocalProvider
from lib.streaming.providers.local_child import CONTEXT_TOKENS, PARALLEL
from lib.streaming.providers.local_server import LocalModelServer, is_available
from lib.streaming.providers.scripted import ScriptedProvider

if TYPE_CHECKING:
    from lib.streaming.providers.openai import OpenAIProvider

log = logging.getLogger(__name__)

LOG_FILE = "local_model.log"
SCRIPTED_MODEL = "scripted/echo"
#: Providers whose models run on this machine: nobody sends a bill for them.
OWN_PROVIDERS = ("local", "scripted")
#: Requests served side by side share its context.
LOCAL_FACTS = ModelFacts("SmolLM2 135M", ("text",), CONTEXT_TOKENS // PARALLEL)


class ModelSources:
    """Built from the settings; `warm_up` once the server is ready, `close` at the end."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        providers: dict[str, Provider] = {"scripted": ScriptedProvider(clock)}
        models: dict[str, tuple[str, ...]] = {"scripted": ()}
        self._warm: list[Callable[[], Awaitable[None]]] = []
        if has_local_model(settings):
            local = LocalProvider(LocalModelServer(settings.data_dir / LOG_FILE), clock)
            providers["local"], models["local"] = local, (LOCAL_MODEL,)
            self._warm.append(local.warm_up)
        if settings.openai_api_key is not None:
            openai = _openai(settings, clock)
            providers["openai"], models["openai"] = openai, ()
            self._warm.append(openai.warm_up)
        self.providers = MappedProviders(providers)
        self.catalogue = ModelCatalogue(models, {f"local/{LOCAL_MODEL}": LOCAL_FACTS} if "local" in models else {})

    async def warm_up(self) -> None:
        """Do now what the first call would have to wait for. What fails here is tried again by that call."""
        for warm in self._warm:
            try:
                await warm()
            except StreamingError as error:
                log.warning("a provider is not ready yet: %s", error.message)

    async def close(self) -> None:
        await self.providers.close()


def has_local_model(settings: Settings) -> bool:
    return settings.local_model == "auto" and is_available()


def example_assistants(settings: Settings) -> list[Definition]:
    """The examples, for the bundled model or, where there is none, for the scripted stand-in."""
    examples = load_examples()
    return examples if has_local_model(settings) else [_scripted(example) for example in examples]


def _scripted(example: Definition) -> Definition:
    prompts = tuple(msgspec.structs.replace(prompt, model=SCRIPTED_MODEL) for prompt in example.prompts)
    return msgspec.structs.replace(example, prompts=prompts)


def _openai(settings: Settings, clock: Clock) -> OpenAIProvider:
    # Its HTTP client takes half a second to import: only a deployment that has the provider pays for it.
    from lib.streaming.providers.openai import OPENAI_BASE_URL, OpenAIProvider

    assert settings.openai_api_key is not None
    return OpenAIProvider(
        clock=clock,
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url or OPENAI_BASE_URL,
    )

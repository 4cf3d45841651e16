"""The model that comes with the product: a server process on this machine behind the OpenAI-compatible provider."""

from __future__ import annotations

from lib.streaming.clock import Clock
from lib.streaming.providers.openai import OpenAIProvider

#: The bundled model's id; `local/smollm2` in a definition.
LOCAL_MODEL = "smollm2"


def local_provider(base_url: str, clock: Clock) -> OpenAIProvider:
    """The provider of the local server at `base_url` (what starting it returned). It asks for no key."""
    return OpenAIProvider(clock=clock, api_key="local", base_url=base_url, name="local", older_limit_name=True)

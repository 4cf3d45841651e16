"""Providers as this node knows them, and a tiny real call to see whether one answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from app.db.model_usage import ModelUsageRepository
from lib.streaming.clock import Clock
from lib.streaming.errors import UpstreamFailure
from lib.streaming.metering.providers import HealthBook, ProviderHealth
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.ports.models import Finish, ModelRequest, ProviderDirectory, TextDelta
from lib.streaming.types import Message, Role

#: For the whole call. The bundled model may have to be loaded first.
TEST_SECONDS = 30.0
CONNECT_SECONDS = 10.0
QUESTION = "Answer with the single word: ready"
MAX_TOKENS = 16


class TestAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a test call; `code` and `message` say why it failed."""

    ok: bool
    model: str
    first_token_ms: int | None = None
    duration_ms: int
    code: str | None = None
    message: str | None = None


class ProviderDesk:
    def __init__(
        self,
        providers: ProviderDirectory,
        catalogue: ModelCatalogue,
        health: HealthBook,
        usage: ModelUsageRepository,
        clock: Clock,
    ) -> None:
        self._providers = providers
        self._catalogue = catalogue
        self._health = health
        self._usage = usage
        self._clock = clock

    @property
    def names(self) -> Sequence[str]:
        """The providers that are configured here."""
        return sorted(self._catalogue.models)

    def health(self, name: str) -> ProviderHealth:
        return self._health.of(name)

    async def models_of(self, name: str) -> Sequence[str]:
        """Model ids to try: those it is known to offer, or those that assistants name, most named first."""
        if listed := self._catalogue.models.get(name, ()):
            return listed
        used = sorted(await self._usage.all(), key=lambda use: -use.prompts)
        return [use.model.partition("/")[2] for use in used if use.model.startswith(f"{name}/")]

    async def test(self, name: str, model: str) -> TestAnswer:
        """Ask for one word. Never raises for what the provider does."""
        began = self._clock.monotonic()
        first: int | None = None
        code = message = None
        try:
            async with asyncio.timeout(TEST_SECONDS):
                first = await self._ask(f"{name}/{model}", began)
        except UpstreamFailure as failure:
            code, message = failure.code, failure.message
        except TimeoutError:
            code, message = "prompt_timeout", f"No whole answer came within {TEST_SECONDS:.0f} seconds."
        duration = self._since(began)
        return TestAnswer(
            ok=code is None, model=model, first_token_ms=first, duration_ms=duration, code=code, message=message
        )

    async def _ask(self, model: str, began: float) -> int | None:
        """Milliseconds to the first text. Raises `UpstreamFailure` if there is no whole answer."""
        provider, model_id = self._providers.find(model)
        request = ModelRequest(model_id, (Message(Role.USER, QUESTION),), CONNECT_SECONDS, MAX_TOKENS)
        first, finished = None, False
        async with provider.open(request) as stream:
            async for batch in stream:
                for delta in batch:
                    if first is None and isinstance(delta, TextDelta) and delta.text:
                        first = self._since(began)
                    finished = finished or isinstance(delta, Finish)
        if not finished:
            raise UpstreamFailure("The answer ended without a finish signal.", code="upstream_incomplete")
        return first

    def _since(self, began: float) -> int:
        return round((self._clock.monotonic() - began) * 1000)

"""Models, as the engine asks them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

import msgspec

from lib.streaming.types import (
    FinishReason,
    Message,
    Usage,
)


class ModelRequest(msgspec.Struct, frozen=True):
    """One call of a model. `model` is the provider's own id, without the provider's name. Seconds."""

    model: str
    messages: tuple[Message, ...]
    connect_timeout: float
    max_output_tokens: int | None = None
    temperature: float | None = None


class TextDelta(msgspec.Struct, frozen=True):
    text: str


class ReasoningDelta(msgspec.Struct, frozen=True):
    text: str


class UsageReport(msgspec.Struct, frozen=True):
    """The provider's own token counts; the last one counts."""

    usage: Usage


class Finish(msgspec.Struct, frozen=True):
    """The provider's finish signal. A stream that ends without one has not succeeded."""

    reason: FinishReason


Delta: TypeAlias = TextDelta | ReasoningDelta | UsageReport | Finish

#: What one read of the upstream brought, in order. May be empty (heartbeats, role-only chunks).
DeltaStream: TypeAlias = AsyncIterator[Sequence[Delta]]


class Provider(Protocol):
    """A source of model answers. Never retries, follows no redirects."""

    @property
    def name(self) -> str: ...

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[DeltaStream]:
        """Send the request; entering returns once the answer's headers were accepted.

        Raises `UpstreamFailure` on entering and while iterating. When the stream ends normally without a
        `Finish`, it raises `upstream_incomplete` itself. Leaving the context closes the upstream connection
        before it returns, also on cancellation.
        """

    async def close(self) -> None: ...


class ProviderDirectory(Protocol):
    def find(self, model: str) -> tuple[Provider, str]:
        """The provider of `<provider>/<model id>` and that id; raise `UpstreamFailure(provider_unavailable)`."""

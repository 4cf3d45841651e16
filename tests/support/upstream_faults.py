"""What each fault of an upstream (cases 27 to 45) must look like to the engine, whichever provider plays it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from lib.streaming.errors import UpstreamFailure
from lib.streaming.ports.models import Delta, Finish, ModelRequest, Provider, ReasoningDelta, TextDelta, UsageReport
from lib.streaming.types import FinishReason, Message, Role, Usage

THREE = "one two three"


class Outcome(msgspec.Struct, frozen=True):
    """How an answer went: its text, and either a finish reason or a failure."""

    text: str = ""
    finish: FinishReason | None = None
    code: str | None = None
    retryable: bool = False
    retry_after: float | None = None


def good(text: str = THREE, finish: FinishReason = FinishReason.STOP) -> Outcome:
    return Outcome(text, finish)


def bad(code: str, text: str = "", *, final: bool = False, retry_after: float | None = None) -> Outcome:
    return Outcome(text, None, code, not final, retry_after)


FAULTS: dict[str, Outcome] = {
    "unreachable": bad("upstream_unreachable"),
    "reset": bad("upstream_disconnected", THREE),
    "cut": bad("upstream_incomplete", THREE),
    "cut-mid-event": bad("upstream_incomplete", THREE),
    "no-done": good(),
    "no-finish": bad("upstream_incomplete", THREE),
    "malformed": bad("upstream_protocol", THREE),
    "noise": good(),
    "invalid-utf8": bad("upstream_protocol", "one two "),
    "split-utf8": good(THREE + " é€😀"),
    "error-object": bad("upstream_error", THREE),
    "error-event": bad("upstream_protocol", THREE),
    "html": bad("upstream_protocol", final=True),
    "json": bad("upstream_protocol", final=True),
    "zero-chunks": bad("upstream_protocol"),
    "after-done": good(),
    "duplicates": good("one one two two threethree"),
    "empty-deltas": good(),
    "length": good(finish=FinishReason.LENGTH),
    "content-filter": good(finish=FinishReason.CONTENT_FILTER),
    "unknown-finish": good(finish=FinishReason.OTHER),
    "no-text": good(""),
    "big-token": good("x" * 1024 * 1024),
    "big-total": good("x" * 10 * 1024 * 1024),
    "too-large": bad("output_too_large", "x" * 16 * 1024 * 1024, final=True),
    "endless-line": bad("upstream_protocol", final=True),
    "gzip": bad("upstream_protocol", final=True),
    "surrogates": good("a😀b�c"),
    "429": bad("upstream_rate_limited"),
    "429-after-2": bad("upstream_rate_limited", retry_after=2.0),
    "429-after-300": bad("upstream_rate_limited", retry_after=300.0),
    "429-after-garbage": bad("upstream_rate_limited"),
    "quota": bad("upstream_rate_limited", final=True),
    "500": bad("upstream_overloaded"),
    "503": bad("upstream_overloaded"),
    "503-after-2": bad("upstream_overloaded", retry_after=2.0),
    "529": bad("upstream_overloaded"),
    "400": bad("upstream_rejected", final=True),
    "401": bad("upstream_unauthorized", final=True),
    "403": bad("upstream_unauthorized", final=True),
    "404": bad("upstream_model_not_found", final=True),
    "422": bad("upstream_rejected", final=True),
    "307": bad("upstream_protocol", final=True),
}
#: Those after which nothing comes until a clock of the engine runs out, with the text that comes before.
HANGS: dict[str, str] = {
    "silence-before-headers": "",
    "silence-after-headers": "",
    "silence-after-tokens": THREE,
    "drip-bytes": "",
    "drip-comments": "",
}


def request(model: str, prompt: str = "Say three words.", **options: int) -> ModelRequest:
    return ModelRequest(model, (Message(Role.USER, prompt),), connect_timeout=5.0, **options)


class Heard:
    """Everything one answer gave, in order."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reasoning = ""
        self.usage: Usage | None = None
        self.finish: FinishReason | None = None
        self.failure: UpstreamFailure | None = None
        self._changed = asyncio.Event()

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def outcome(self) -> Outcome:
        failure = self.failure
        if failure is None:
            return Outcome(self.text, self.finish)
        return Outcome(self.text, self.finish, failure.code, failure.retryable, failure.retry_after)

    async def until(self, text: str, within: float = 5.0) -> None:
        """Wait until exactly this text has come."""
        async with asyncio.timeout(within):
            while self.text != text:
                self._changed.clear()
                await self._changed.wait()

    def take(self, batch: Sequence[Delta]) -> None:
        for delta in batch:
            assert self.finish is None, "nothing comes after the finish"
            match delta:
                case TextDelta(text):
                    assert text, "empty deltas stay out"
                    self.texts.append(text)
                case ReasoningDelta(text):
                    self.reasoning += text
                case UsageReport(usage):
                    self.usage = usage
                case Finish(reason):
                    self.finish = reason
        self._changed.set()


async def listen(provider: Provider, model_request: ModelRequest, heard: Heard | None = None) -> Heard:
    """Take a whole answer; a failure ends up in what was heard."""
    heard = heard or Heard()
    try:
        async with provider.open(model_request) as deltas:
            async for batch in deltas:
                heard.take(batch)
    except UpstreamFailure as failure:
        heard.failure = failure
    return heard

"""One try of one prompt: asks a model and turns its stream into deltas of the log."""

from __future__ import annotations

from collections.abc import Sequence

from lib.streaming.clock import Clock
from lib.streaming.errors import PromptFailure, UpstreamFailure
from lib.streaming.event_log.appender import Appender
from lib.streaming.execution_manager.prompt_timer import PromptTimer
from lib.streaming.ports.models import Delta, ModelRequest, Provider, ReasoningDelta, TextDelta, UsageReport
from lib.streaming.pricing import Price, cost_of
from lib.streaming.types import FinishReason, Message, NanoDollars, Usage
from lib.streaming.usage import estimated_usage


class Attempt:
    """Holds what came so far, so that whoever ends the attempt can store exactly what was sent."""

    def __init__(self, number: int, index: int, messages: Sequence[Message], appender: Appender, clock: Clock) -> None:
        self.number = number
        self.first_token_ms: int | None = None
        self.finish_reason: FinishReason | None = None
        self.accepted = False
        self._index = index
        self._input_chars = sum(len(message.content) for message in messages)
        self._appender = appender
        self._clock = clock
        self._began = clock.monotonic()
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._chars = 0
        self._reported: Usage | None = None

    @property
    def output(self) -> str:
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)

    @property
    def chars(self) -> int:
        """Characters of text and reasoning sent so far."""
        return self._chars

    @property
    def duration_ms(self) -> int:
        return round((self._clock.monotonic() - self._began) * 1000)

    def usage(self) -> Usage:
        """The provider's figures, or an estimate from the text: never zero for work that was done."""
        return self._reported or estimated_usage(self._input_chars, self._chars)

    def cost(self, price: Price | None) -> NanoDollars | None:
        """What it costs at that price; nothing where the provider never took the request, whatever it costs."""
        if not self.accepted and self._reported is None:
            return NanoDollars(0)
        return None if price is None else cost_of(self.usage(), price)

    async def stream(self, provider: Provider, request: ModelRequest, timer: PromptTimer, max_chars: int) -> None:
        """Run to the provider's finish signal; raises `PromptFailure` for everything that is no success."""
        with timer:
            async with provider.open(request) as deltas:
                self.accepted = True
                async for batch in deltas:
                    if self._take(batch):
                        timer.token()
                    if self._chars > max_chars:
                        raise UpstreamFailure(
                            f"The answer is longer than {max_chars} characters.", code="output_too_large"
                        )
                    if self._appender.congested:
                        await self._appender.flush()
                        timer.token()
        self._check_success()

    def _take(self, batch: Sequence[Delta]) -> bool:
        before = self._chars
        for delta in batch:
            # Class patterns cost several times the comparison, and this is done for every token.
            if isinstance(delta, TextDelta):
                self._append(delta.text, self._text, reasoning=False)
            elif isinstance(delta, ReasoningDelta):
                self._append(delta.text, self._reasoning, reasoning=True)
            elif isinstance(delta, UsageReport):
                self._reported = delta.usage
            else:
                self.finish_reason = delta.reason
        return self._chars > before

    def _append(self, text: str, kept: list[str], *, reasoning: bool) -> None:
        if not text:
            return
        if self.first_token_ms is None:
            self.first_token_ms = self.duration_ms
        kept.append(text)
        self._chars += len(text)
        self._appender.delta(self._index, self.number, text, reasoning=reasoning)

    def _check_success(self) -> None:
        if self.finish_reason is None:
            raise UpstreamFailure("The answer ended without a finish signal.", code="upstream_incomplete")
        if self.finish_reason is FinishReason.CONTENT_FILTER:
            raise PromptFailure("The provider withheld the answer (content filter).", code="content_filtered")
        if not self._text:
            raise PromptFailure("The model finished without any text.", code="empty_output")

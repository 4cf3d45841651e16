"""One prompt of a chain: renders it, tries it, tries again where that can help, and says how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from lib.streaming.clock import Clock
from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.errors import TIMEOUT_CODES, PromptFailure
from lib.streaming.event_log.appender import Appender
from lib.streaming.execution_manager.attempt import Attempt
from lib.streaming.execution_manager.prompt_timer import PromptTimer
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.ports.log_store import AttemptEnded, AttemptStarted
from lib.streaming.ports.models import ModelRequest, ProviderDirectory
from lib.streaming.ports.prices import NoPrices, PriceList
from lib.streaming.sse_events.vocabulary import (
    ExecutionWaiting,
    PromptFinished,
    PromptRetrying,
    PromptStarted,
    Warned,
)
from lib.streaming.types import FinishReason, Message, NanoDollars, PromptId, PromptStatus, Usage, Value, WaitReason


class Processor(Protocol):
    """Renders prompts: inputs and earlier outputs in, messages out."""

    async def prepare(
        self,
        definition: Definition,
        prompt: PromptDefinition,
        inputs: Mapping[str, Value],
        results: Mapping[PromptId, str],
    ) -> tuple[Message, ...]: ...


class Retries(Protocol):
    def delay(self, attempt: int, failure: PromptFailure, remaining: float) -> float | None:
        """Seconds before attempt `attempt + 1`, or None if there is to be none. `remaining`: until the deadline."""


class Tools(msgspec.Struct, frozen=True):
    """What every prompt of every execution works with."""

    providers: ProviderDirectory
    processor: Processor
    retries: Retries
    clock: Clock
    settings: EngineSettings
    prices: PriceList = NoPrices()


class PromptResult(msgspec.Struct, frozen=True):
    status: PromptStatus
    output: str = ""
    code: str | None = None
    message: str | None = None


class PromptRun:
    """`run` ends in a result and never raises a `PromptFailure`; cancelled, it leaves `attempt` for `settle`."""

    def __init__(
        self, tools: Tools, appender: Appender, prompt: PromptDefinition, index: int, attempts: int, until: float
    ) -> None:
        self.prompt = prompt
        self.usage: list[Usage] = []
        self.costs: list[NanoDollars | None] = []
        self.ended = False
        self._tools = tools
        self._appender = appender
        self._index = index
        self._attempts = attempts
        self._until = until
        self._live: Attempt | None = None
        self._model = prompt.model
        self._kept = 0
        self._total_until = until

    @property
    def chars(self) -> int:
        """Characters of the attempt now streaming, or of the one the prompt ended with."""
        return self._live.chars if self._live else self._kept

    async def run(
        self, definition: Definition, inputs: Mapping[str, Value], results: Mapping[PromptId, str]
    ) -> PromptResult:
        self._total_until = self._tools.clock.monotonic() + self._total
        try:
            messages = await self._tools.processor.prepare(definition, self.prompt, inputs, results)
        except PromptFailure as failure:
            self._attempts += 1
            return self._finish(PromptStatus.FAILED, failure, self._untried(PromptStatus.FAILED, failure))
        return await self._try_models(messages)

    def settle(self, status: PromptStatus, code: str | None, message: str | None) -> None:
        """End a prompt that was interrupted, keeping what it had sent; one never begun becomes `skipped`."""
        if self.ended:
            return
        reason = PromptFailure(message or "", code=code or "")
        if self._live is not None:
            self._finish(status, reason, self._tried(status, reason))
        elif self._attempts:
            # The last attempt has its row already; only the prompt's own end is left to tell.
            self._finish(status, reason, None)
        else:
            self._finish(PromptStatus.SKIPPED, reason, self._untried(PromptStatus.SKIPPED, reason))

    async def _try_models(self, messages: tuple[Message, ...]) -> PromptResult:
        models = [self.prompt.model, *self.prompt.fallback_models]
        tries = 0
        while True:
            tries += 1
            failure = await self._try(models[0], messages)
            if failure is None:
                return self._finish(PromptStatus.COMPLETED, None, self._tried(PromptStatus.COMPLETED))
            delay = self._delay(tries, failure)
            if delay is None and len(models) > 1 and self._may_go_on(failure):
                models, tries, delay = models[1:], 0, 0.0
            if delay is None:
                status = _status_of(failure)
                return self._finish(status, failure, self._tried(status, failure))
            await self._wait_to_retry(failure, delay, models[0])

    async def _try(self, model: str, messages: tuple[Message, ...]) -> PromptFailure | None:
        self._attempts += 1
        attempt = Attempt(self._attempts, self._index, messages, self._appender, self._tools.clock)
        self._live, self._model = attempt, model
        self._announce(model, messages)
        try:
            provider, model_id = self._tools.providers.find(model)
            request = self._request(model_id, messages)
            await attempt.stream(provider, request, self._timer(), self._tools.settings.max_output_chars)
        except PromptFailure as failure:
            return failure
        return None

    def _announce(self, model: str, messages: tuple[Message, ...]) -> None:
        prompt, name = self.prompt, model.partition("/")[0]
        self._appender.event(
            PromptStarted(prompt.id, prompt.name, prompt.position, self._index, self._attempts, model, name),
            AttemptStarted(prompt.id, self._attempts, model, name, messages),
        )

    def _request(self, model_id: str, messages: tuple[Message, ...]) -> ModelRequest:
        prompt, settings = self.prompt, self._tools.settings
        connect = prompt.timeouts.connect or settings.connect_timeout
        return ModelRequest(model_id, messages, connect, prompt.max_output_tokens, prompt.temperature)

    @property
    def _total(self) -> float:
        return self.prompt.timeouts.total or self._tools.settings.prompt_timeout

    def _timer(self) -> PromptTimer:
        own, settings = self.prompt.timeouts, self._tools.settings
        return PromptTimer(
            self._tools.clock,
            first_token=own.first_token or settings.first_token_timeout,
            idle=own.idle or settings.idle_timeout,
            total=self._total,
            total_until=self._total_until,
        )

    def _delay(self, tries: int, failure: PromptFailure) -> float | None:
        if not self._may_go_on(failure) or not failure.retryable:
            return None
        remaining = min(self._until, self._total_until) - self._tools.clock.monotonic()
        return self._tools.retries.delay(tries, failure, remaining)

    def _may_go_on(self, failure: PromptFailure) -> bool:
        """After the first token a new attempt would be paid for and shown twice: the failure stands."""
        return self.chars == 0 and failure.code not in ("first_token_timeout", "idle_timeout", "prompt_timeout")

    async def _wait_to_retry(self, failure: PromptFailure, delay: float, model: str) -> None:
        assert self._live is not None
        number, wait_ms = self._live.number, round(delay * 1000)
        self._appender.event(
            PromptRetrying(self.prompt.id, number, number + 1, failure.code, failure.message, wait_ms, model),
            self._tried(PromptStatus.FAILED, failure),
        )
        self._live = None
        if wait_ms:
            limited = failure.code == "upstream_rate_limited"
            reason = WaitReason.RATE_LIMITED if limited else WaitReason.RETRY_BACKOFF
            until = self._tools.clock.now_ms() + wait_ms
            self._appender.event(ExecutionWaiting(reason, self.prompt.id, until))
            await self._tools.clock.sleep(delay)

    def _finish(self, status: PromptStatus, failure: PromptFailure | None, row: AttemptEnded | None) -> PromptResult:
        output, self._live, self.ended = (row.output if row else ""), None, True
        self._kept = len(row.output) + len(row.reasoning) if row else 0
        shown = row or self._untried(status, failure)
        if status is PromptStatus.COMPLETED and shown.finish_reason is not FinishReason.STOP:
            self._appender.event(_unusual_end(self.prompt.id, shown.finish_reason))
        self._appender.event(_finished(shown), *([row] if row else []))
        return PromptResult(status, output, shown.code, shown.message)

    def _tried(self, status: PromptStatus, failure: PromptFailure | None = None) -> AttemptEnded:
        """The row of the attempt now live."""
        assert self._live is not None
        live, usage = self._live, self._live.usage()
        cost = live.cost(self._tools.prices.price_of(self._model))
        self.usage.append(usage)
        self.costs.append(cost)
        return AttemptEnded(
            prompt_id=self.prompt.id,
            attempt=live.number,
            status=status,
            output=live.output,
            reasoning=live.reasoning,
            finish_reason=live.finish_reason,
            usage=usage,
            cost=cost,
            first_token_ms=live.first_token_ms,
            duration_ms=live.duration_ms,
            code=failure.code or None if failure else None,
            message=failure.message or None if failure else None,
        )

    def _untried(self, status: PromptStatus, failure: PromptFailure | None) -> AttemptEnded:
        """The row of a prompt that asked no model."""
        return AttemptEnded(
            prompt_id=self.prompt.id,
            attempt=max(self._attempts, 1),
            status=status,
            code=failure.code or None if failure else None,
            message=failure.message or None if failure else None,
        )


def _finished(row: AttemptEnded) -> PromptFinished:
    return PromptFinished(
        row.prompt_id,
        row.attempt,
        row.status,
        row.finish_reason,
        row.usage,
        row.duration_ms,
        row.first_token_ms,
        row.code,
        row.message,
    )


def _status_of(failure: PromptFailure) -> PromptStatus:
    return PromptStatus.TIMED_OUT if failure.code in TIMEOUT_CODES else PromptStatus.FAILED


def _unusual_end(prompt: PromptId, reason: FinishReason | None) -> Warned:
    if reason is FinishReason.LENGTH:
        return Warned("output_truncated", "The model stopped at its length limit: the answer may be cut.", prompt)
    return Warned("unusual_finish", f"The model stopped for another reason than the end: {reason}.", prompt)

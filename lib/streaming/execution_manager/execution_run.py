"""One execution in the hands of its owner: the chain as one task, and its one ending."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from lib.streaming.definition import PromptDefinition
from lib.streaming.event_log.appender import Appender
from lib.streaming.execution_manager.ending import COMPLETED, Ending, failed, stopped, timed_out
from lib.streaming.execution_manager.kept_results import tell_kept
from lib.streaming.execution_manager.lost_attempts import WORKER_LOST, LostAttempts
from lib.streaming.execution_manager.prompt_run import PromptResult, PromptRun, Tools
from lib.streaming.ports.execution_store import Claim
from lib.streaming.ports.log_store import ExecutionEnded
from lib.streaming.pricing import dollars, total_cost
from lib.streaming.sse_events.vocabulary import ExecutionFinished, ExecutionStarted, PromptRetrying
from lib.streaming.states import EXECUTION_MOVES, advance
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus, OnError, PromptStatus, Usage
from lib.streaming.usage import total_usage

log = logging.getLogger(__name__)


class ExecutionRun:
    """`execute` returns the ending it wrote, or None if the execution was given up without one."""

    def __init__(self, claim: Claim, appender: Appender, tools: Tools) -> None:
        self.claim = claim
        self.ending: Ending | None = None
        self.written = False
        self.upstream_closed = True
        self.kept_chars = 0
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._appender = appender
        self._tools = tools
        self._given_up = False
        self._boundary: Ending | None = None
        self._hand_over = False
        # Number 1 is `execution.queued`; a claim whose owner died right after it shows nothing yet.
        self._started = claim.handle.last_seq > 1
        self._chain: asyncio.Task[Ending | None] | None = None
        self._results = dict(claim.results)
        self._usage: list[Usage] = [claim.usage] if claim.usage else []
        self._lost = LostAttempts(claim.interrupted, tools.prices)
        self._claimed_at = tools.clock.monotonic()
        self._until = self._claimed_at + self._seconds_left()
        self._prompts = [
            PromptRun(tools, appender, prompt, index, claim.attempts.get(prompt.id, 0), self._until)
            for index, prompt in enumerate(claim.definition.prompts)
        ]

    @property
    def execution_id(self) -> ExecutionId:
        return self.claim.handle.context.execution_id

    async def flush(self) -> None:
        await self._appender.flush()

    # --- what may end it early ----------------------------------------------------------------------------------

    def stop(self, by: EndedBy) -> None:
        """Cancel the execution now, unless its ending is decided already."""
        self._end(stopped(by))

    def stop_after_prompt(self, by: EndedBy) -> None:
        """Cancel it once the prompts now running have ended; another call with `go_on` takes that back."""
        self._boundary = stopped(by)

    def go_on(self) -> None:
        self._boundary = None

    def hand_over(self) -> None:
        """Stop at the next prompt boundary without an ending: somebody else goes on from there."""
        self._hand_over = True

    def give_up(self) -> None:
        """Stop now without writing anything more: the lease is lost, or must be given back."""
        self._given_up = True
        self._decide()

    def _end(self, ending: Ending) -> None:
        if self.ending is None and not self._given_up:
            self.ending = ending
            self._decide()

    def _decide(self) -> None:
        if not self._decided.done():
            self._decided.set_result(None)

    # --- the run ------------------------------------------------------------------------------------------------

    async def execute(self) -> Ending | None:
        early = self._early_ending()
        if early is not None:
            self.ending = early
        else:
            await self._run_chain()
        if self._given_up or self.ending is None:
            return None
        return await self._write_ending(self.ending)

    def _early_ending(self) -> Ending | None:
        """Endings that are known before any prompt runs."""
        claim, settings = self.claim, self._tools.settings
        if claim.cancel_requested is not None:
            return stopped(claim.cancel_requested)
        if claim.claims > settings.max_claims:
            message = f"Its worker was lost {claim.claims - 1} times; the run is not tried again."
            return failed(WORKER_LOST, message, EndedBy.SWEEP)
        waited = (claim.now_ms - claim.created_ms) / 1000
        if claim.started_ms is None and waited > settings.queue_timeout:
            return timed_out("queue_timeout", f"No worker was free within {settings.queue_timeout:g} s.")
        return None

    async def _run_chain(self) -> None:
        self._announce()
        self._chain = asyncio.get_running_loop().create_task(self._walk(), name=f"chain-{self.claim.handle.key}")
        timer = self._tools.clock.call_at(self._until, lambda: self._end(self._out_of_time()))
        try:
            await _first_of(self._chain, self._decided)
        finally:
            timer.cancel()
            await self._settle_chain(self._chain)

    async def _settle_chain(self, chain: asyncio.Task[Ending | None]) -> None:
        """Let the chain end, and with it every upstream connection; a chain that hangs is not waited for long."""
        if not chain.done():
            chain.cancel()
            await asyncio.wait({chain}, timeout=self._tools.settings.close_wait_seconds)
        self.upstream_closed = chain.done()
        if chain.done() and not chain.cancelled():
            self._take_outcome(chain)

    def _take_outcome(self, chain: asyncio.Task[Ending | None]) -> None:
        error = chain.exception()
        if self._appender.failure is not None:
            self._given_up = True
        elif error is not None:
            log.error("execution %s failed by a fault of ours", self.execution_id, exc_info=error)
            self.ending = self.ending or failed("internal_error", "The run failed because of a fault in the server.")
        elif self.ending is None:
            self.ending = chain.result()

    async def _walk(self) -> Ending | None:
        """The chain: positions in order, prompts of one position together, all settled before the next."""
        failures = self._failures_before()
        for number, (_, group) in enumerate(groupby(self._in_order(), key=lambda run: run.prompt.position)):
            if self._hand_over:
                return None
            if self._boundary is not None:
                return self._boundary
            if failures and self.claim.definition.on_error is OnError.STOP:
                return _stopped_by(failures)
            if number:
                # What has ended is paid for: nothing more is asked before it is on the disk.
                await self.flush()
            results = await self._run_position([run for run in group if self._is_open(run.prompt)])
            failures += [result for result in results if result.status is not PromptStatus.COMPLETED]
        return self._verdict(failures)

    def _verdict(self, failures: Sequence[PromptResult]) -> Ending:
        if not failures:
            return COMPLETED
        return _stopped_by(failures) if self.claim.definition.on_error is OnError.STOP else _partial(failures)

    async def _run_position(self, runs: Sequence[PromptRun]) -> list[PromptResult]:
        definition, inputs, results = self.claim.definition, self.claim.inputs, dict(self._results)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(run.run(definition, inputs, results), name=f"prompt-{run.prompt.id}") for run in runs
            ]
        settled = [task.result() for task in tasks]
        for run, result in zip(runs, settled, strict=True):
            if result.status is PromptStatus.COMPLETED:
                self._results[run.prompt.id] = result.output
        return settled

    def _announce(self) -> None:
        claim = self.claim
        if not self._started:
            definition = claim.definition
            self._appender.event(
                ExecutionStarted(
                    claim.assistant_id, claim.assistant_name, claim.version, len(definition.prompts), claim.epoch
                )
            )
            # With nothing awaited in between they are one commit: whoever takes over finds all of it told, or nothing.
            tell_kept(claim.kept, definition, self._appender)
        self._started = True
        for lost, end in self._lost.take_ends():
            message = "The worker of this prompt was lost; the prompt begins again."
            self._appender.event(
                PromptRetrying(lost.prompt_id, lost.attempt, lost.attempt + 1, WORKER_LOST, message, 0, lost.model), end
            )

    async def _write_ending(self, ending: Ending) -> Ending:
        """Live prompts, row and last event in one commit: nothing is awaited between the first and the last."""
        advance(EXECUTION_MOVES, ExecutionStatus.RUNNING, ending.status)
        self.kept_chars = sum(run.chars for run in self._prompts) + sum(map(len, self.claim.results.values()))
        if self._started:
            self._settle_prompts(ending)
        lost = [end for _, end in self._lost.take_ends()]
        parts: list[LostAttempts | PromptRun] = [self._lost, *self._prompts]
        usage = total_usage(self._usage + [usage for part in parts for usage in part.usage])
        cost = total_cost([self.claim.cost, *(cost for part in parts for cost in part.costs)])
        duration = self._duration_ms()
        self._appender.event(
            ExecutionFinished(
                status=ending.status,
                usage=usage,
                duration_ms=duration,
                ended_by=ending.ended_by,
                code=ending.code,
                message=ending.message,
                cost=None if cost is None else dollars(cost),
            ),
            *lost,
            ExecutionEnded(
                status=ending.status,
                ended_by=ending.ended_by,
                usage=usage,
                duration_ms=duration,
                cost=cost,
                code=ending.code,
                message=ending.message,
            ),
        )
        await self._appender.flush()
        self.written = True
        return ending

    def _settle_prompts(self, ending: Ending) -> None:
        for run in self._in_order():
            if self._is_open(run.prompt):
                run.settle(ending.prompt_status, ending.code, ending.message)

    # --- small questions ----------------------------------------------------------------------------------------

    def _in_order(self) -> list[PromptRun]:
        return sorted(self._prompts, key=lambda run: run.prompt.position)

    def _is_open(self, prompt: PromptDefinition) -> bool:
        return prompt.id not in self.claim.results and prompt.id not in self.claim.ended

    def _failures_before(self) -> list[PromptResult]:
        """Prompts that ended without success under an earlier owner."""
        return [
            PromptResult(status, code="prompt_failed", message="A prompt failed before the worker was replaced.")
            for status in self.claim.ended.values()
        ]

    def _limit(self) -> float:
        return self.claim.definition.timeout_seconds or self._tools.settings.execution_timeout

    def _duration_ms(self) -> int:
        """From the start on: by the store's clock up to the claim, by what has passed here since then."""
        here = self._tools.clock.monotonic() - self._claimed_at
        return self.claim.now_ms - self.claim.created_ms + round(here * 1000)

    def _seconds_left(self) -> float:
        """The execution's clock began with its first start, whoever owned it then."""
        started = self.claim.started_ms
        spent = 0.0 if started is None else (self.claim.now_ms - started) / 1000
        return max(self._limit() - spent, 0.0)

    def _out_of_time(self) -> Ending:
        return timed_out("execution_timeout", f"The run took longer than {self._limit():g} s.")


async def _first_of(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _stopped_by(failures: Sequence[PromptResult]) -> Ending:
    """The first failure in chain order names the code; all of one position are counted."""
    first = failures[0]
    message = first.message or "A prompt failed."
    if len(failures) > 1:
        message = f"{len(failures)} prompts failed. The first: {message}"
    return failed(first.code or "prompt_failed", message)


def _partial(failures: Sequence[PromptResult]) -> Ending:
    first = failures[0]
    message = f"{len(failures)} of the prompts failed; the other results are kept. The first: {first.message}"
    return Ending(ExecutionStatus.FAILED, EndedBy.ENGINE, "partial_failure", message)

"""The order rules of an execution's events, as data. `OrderChecker` holds a sequence against them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from lib.streaming.sse_events.vocabulary import EventCode as Code


class Phase(StrEnum):
    NEW = "new"
    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"


class PromptPhase(StrEnum):
    IDLE = "idle"
    STREAMING = "streaming"
    BETWEEN_ATTEMPTS = "between_attempts"
    ENDED = "ended"


EXECUTION_ORDER: Mapping[tuple[Phase, Code], Phase] = MappingProxyType(
    {
        (Phase.NEW, Code.EXECUTION_QUEUED): Phase.QUEUED,
        (Phase.QUEUED, Code.EXECUTION_WAITING): Phase.QUEUED,
        (Phase.QUEUED, Code.EXECUTION_STARTED): Phase.RUNNING,
        (Phase.QUEUED, Code.EXECUTION_FINISHED): Phase.ENDED,
        (Phase.RUNNING, Code.EXECUTION_WAITING): Phase.RUNNING,
        (Phase.RUNNING, Code.WARNING): Phase.RUNNING,
        (Phase.RUNNING, Code.PROMPT_STARTED): Phase.RUNNING,
        (Phase.RUNNING, Code.PROMPT_DELTA): Phase.RUNNING,
        (Phase.RUNNING, Code.PROMPT_REASONING): Phase.RUNNING,
        (Phase.RUNNING, Code.PROMPT_RETRYING): Phase.RUNNING,
        (Phase.RUNNING, Code.PROMPT_FINISHED): Phase.RUNNING,
        (Phase.RUNNING, Code.EXECUTION_FINISHED): Phase.ENDED,
    }
)

PROMPT_ORDER: Mapping[tuple[PromptPhase, Code], PromptPhase] = MappingProxyType(
    {
        (PromptPhase.IDLE, Code.PROMPT_STARTED): PromptPhase.STREAMING,
        # A prompt that is skipped, or whose template fails, ends without an attempt.
        (PromptPhase.IDLE, Code.PROMPT_FINISHED): PromptPhase.ENDED,
        (PromptPhase.STREAMING, Code.PROMPT_DELTA): PromptPhase.STREAMING,
        (PromptPhase.STREAMING, Code.PROMPT_REASONING): PromptPhase.STREAMING,
        (PromptPhase.STREAMING, Code.PROMPT_RETRYING): PromptPhase.BETWEEN_ATTEMPTS,
        (PromptPhase.STREAMING, Code.PROMPT_FINISHED): PromptPhase.ENDED,
        (PromptPhase.BETWEEN_ATTEMPTS, Code.PROMPT_STARTED): PromptPhase.STREAMING,
        (PromptPhase.BETWEEN_ATTEMPTS, Code.PROMPT_FINISHED): PromptPhase.ENDED,
    }
)

_PROMPT_CODES = frozenset(code for _, code in PROMPT_ORDER)


class OrderChecker:
    """Feed it an execution's events in order; `problems` says what broke the rules, in words."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.phase = Phase.NEW
        self._seq = 0
        self._prompts: dict[str, tuple[PromptPhase, int]] = {}

    def feed(self, seq: int, code: Code, prompt_id: str | None = None, attempt: int = 0) -> None:
        """Take the next event; `prompt_id` and `attempt` matter for prompt events only."""
        if seq != self._seq + 1:
            self.problems.append(f"number {seq} follows {self._seq}")
        self._seq = seq
        then = EXECUTION_ORDER.get((self.phase, code))
        if then is None:
            self.problems.append(f"{code.name} at {seq} while the execution is {self.phase}")
        else:
            self.phase = then
        if code in _PROMPT_CODES:
            self._feed_prompt(seq, code, prompt_id or "without an id", attempt)

    def _feed_prompt(self, seq: int, code: Code, prompt_id: str, attempt: int) -> None:
        phase, last = self._prompts.get(prompt_id, (PromptPhase.IDLE, 0))
        then = PROMPT_ORDER.get((phase, code))
        if then is None:
            self.problems.append(f"{code.name} at {seq} while prompt {prompt_id} is {phase}")
            return
        if code is Code.PROMPT_STARTED and attempt != last + 1:
            self.problems.append(f"attempt {attempt} of prompt {prompt_id} at {seq} follows {last}")
        if phase is PromptPhase.STREAMING and attempt != last:
            self.problems.append(f"{code.name} of attempt {attempt} at {seq} while prompt {prompt_id} is at {last}")
        self._prompts[prompt_id] = (then, attempt if code is Code.PROMPT_STARTED else last)

    def finish(self) -> list[str]:
        """All problems, with what is still open at the end of the stream."""
        if self.phase is not Phase.ENDED:
            self.problems.append(f"the stream ends while the execution is {self.phase}")
        open_prompts = [p for p, (phase, _) in self._prompts.items() if phase is not PromptPhase.ENDED]
        if open_prompts:
            self.problems.append(f"prompts without an end: {', '.join(open_prompts)}")
        return self.problems

"""The chain of an assistant as pages draw it: steps one after the other, prompts of one step side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec

from app.db.records import AttemptRecord, ExecutionRecord, PromptRecord
from lib.streaming.definition import Definition, DisconnectKind, DisconnectPolicy, PromptDefinition

Steps = Sequence[Sequence[PromptDefinition]]


class PromptCard(msgspec.Struct, frozen=True):
    """A prompt of a run: as it was written, and what has become of it."""

    prompt: PromptDefinition
    record: PromptRecord

    @property
    def last(self) -> AttemptRecord | None:
        """The newest attempt, None before the first."""
        return self.record.attempts[-1] if self.record.attempts else None

    @property
    def status(self) -> str:
        return self.last.status if self.last else "pending"


def steps_of(definition: Definition) -> Steps:
    """The prompts by position."""
    return [list(step) for _, step in groupby(definition.in_order(), key=lambda prompt: prompt.position)]


def cards_of(definition: Definition, record: ExecutionRecord) -> list[list[PromptCard]]:
    """The prompts by position, each with what has become of it."""
    records = {one.prompt_id: one for one in record.prompts}
    return [[PromptCard(prompt, records[prompt.id]) for prompt in step] for step in steps_of(definition)]


def policy_in_words(on_disconnect: str) -> str:
    """What happens to a run that nobody watches any more."""
    policy = DisconnectPolicy.parse(on_disconnect)
    match policy.kind:
        case DisconnectKind.CONTINUE:
            return "You may leave the page: the run goes on without you."
        case DisconnectKind.CANCEL:
            return "The run stops when nobody watches it any more."
        case DisconnectKind.FINISH_PROMPT:
            return "When nobody watches any more, the run stops after the prompt it is at."
        case DisconnectKind.GRACE:
            return f"The run stops when nobody has watched it for {policy.grace_seconds:.0f} seconds."

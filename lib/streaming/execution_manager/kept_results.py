"""The results a rerun keeps, told to its viewers as if they had just been made."""

from __future__ import annotations

from collections.abc import Iterable

from lib.streaming.definition import Definition
from lib.streaming.event_log.appender import Appender
from lib.streaming.ports.execution_store import KeptResult
from lib.streaming.sse_events.vocabulary import PromptFinished, PromptStarted
from lib.streaming.types import PromptStatus

#: A kept result is the first and only attempt of its prompt.
ATTEMPT = 1


def tell_kept(kept: Iterable[KeptResult], definition: Definition, appender: Appender) -> None:
    """Put start, text and end of every kept prompt into the log, in chain order; their rows are there already."""
    by_prompt = {result.prompt_id: result for result in kept}
    index_of = {prompt.id: index for index, prompt in enumerate(definition.prompts)}
    for prompt in definition.in_order():
        if (result := by_prompt.get(prompt.id)) is None:
            continue
        index = index_of[prompt.id]
        appender.event(
            PromptStarted(prompt.id, prompt.name, prompt.position, index, ATTEMPT, result.model, result.provider)
        )
        appender.delta(index, ATTEMPT, result.reasoning, reasoning=True)
        appender.delta(index, ATTEMPT, result.output)
        appender.event(PromptFinished(prompt.id, ATTEMPT, PromptStatus.COMPLETED, result.finish_reason, kept=True))

"""Renders one prompt of a chain into the messages a model is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.prompt_processor.names import InputSource, Source, name_table
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.prompt_template.limits import MAX_WORK
from lib.streaming.prompt_template.problems import TemplateCode, TemplateError, TemplateProblem
from lib.streaming.types import Message, PromptId, Role, Value

#: What an event loop may be kept from others for: a few milliseconds of rendering, and of compiling.
QUICK_WORK = 1_000_000
QUICK_SOURCE = 500


class PromptProcessor:
    """Inputs and earlier results in, messages out; keeps nothing between calls but compiled templates."""

    def __init__(self, cache: TemplateCache) -> None:
        self._cache = cache

    async def prepare(
        self,
        definition: Definition,
        prompt: PromptDefinition,
        inputs: Mapping[str, Value],
        results: Mapping[PromptId, str],
    ) -> tuple[Message, ...]:
        """As `messages`; whatever takes longer than a moment is done in a thread, so that others are served."""
        sources = (prompt.content, prompt.system or "")
        if all(len(source) <= QUICK_SOURCE or source in self._cache for source in sources):
            try:
                return self.messages(definition, prompt, inputs, results, QUICK_WORK)
            except TemplateError as failed:
                if all(problem.code is not TemplateCode.TOO_MUCH_WORK for problem in failed.problems):
                    raise
        return await asyncio.to_thread(self.messages, definition, prompt, inputs, results)

    def messages(
        self,
        definition: Definition,
        prompt: PromptDefinition,
        inputs: Mapping[str, Value],
        results: Mapping[PromptId, str],
        work: int = MAX_WORK,
    ) -> tuple[Message, ...]:
        """The system message, if it says anything, and the user message.

        An input that was not given and the result of a prompt that has none are empty text. Raises TemplateError with
        every problem of both texts, and for a user message that would be empty. `work` is what each text may cost.
        """
        table = name_table(definition, prompt)
        values = dict.fromkeys(table.unresolved, "") | {
            name: _value(source, inputs, results) for name, source in table.sources.items()
        }
        problems = [_unresolved(name, reason) for name, reason in table.unresolved.items()]
        system = self._rendered(prompt.system or "", values, work, problems)
        content = self._rendered(prompt.content, values, work, problems)
        if not content.strip() and not problems:
            problems.append(_EMPTY)
        if problems:
            raise TemplateError(problems)
        user = Message(Role.USER, content)
        return (Message(Role.SYSTEM, system), user) if system.strip() else (user,)

    def _rendered(self, source: str, values: Mapping[str, Value], work: int, problems: list[TemplateProblem]) -> str:
        try:
            return self._cache.template(source).render(values, work)
        except TemplateError as failed:
            problems += failed.problems
            return ""


_EMPTY = TemplateProblem(
    TemplateCode.EMPTY, "The prompt is empty once its values are filled in, so it was not sent: add fixed text to it."
)


def _value(source: Source, inputs: Mapping[str, Value], results: Mapping[PromptId, str]) -> Value:
    return inputs.get(source.name, "") if isinstance(source, InputSource) else results.get(source.prompt_id, "")


def _unresolved(name: str, reason: str) -> TemplateProblem:
    return TemplateProblem(TemplateCode.UNKNOWN_NAME, f"Input mapping: {reason}", name=name)

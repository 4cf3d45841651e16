"""POST /api/assistants/{id}/preview: every prompt rendered, no model called."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import FromPath, RawBody

from app.api.dependencies import TheAccess
from app.api.documented import json_body
from app.api.request_body import finished, invalid, object_in
from app.http.guards import principal_of, requires_scope
from app.http.principal import Principal, Scope
from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.errors import PromptFailure
from lib.streaming.input_check.check import check_inputs
from lib.streaming.prompt_processor.processor import PromptProcessor
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.prompt_template.template import referenced_names
from lib.streaming.types import Message, PromptId, Value

#: A rule of thumb for English; only a model's own tokenizer knows.
CHARACTERS_PER_TOKEN = 4


class PreviewBody(msgspec.Struct):
    inputs: dict[str, object] = {}


class PromptPreview(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A prompt as it would be sent; what earlier prompts would answer stands as `[output of <name>]`.

    `names`: what its texts use. `problem`: why it cannot be rendered; then there are no messages.
    """

    prompt_id: PromptId
    name: str
    position: int
    model: str
    names: tuple[str, ...]
    messages: tuple[Message, ...]
    characters: int
    estimated_tokens: int
    problem: str | None


class Preview(msgspec.Struct, frozen=True, rename="camel"):
    """Prompts in chain order. `estimated_cost` is null where a model's price is not known."""

    prompts: tuple[PromptPreview, ...]
    characters: int
    estimated_tokens: int
    estimated_cost: str | None = None


@post(
    "/api/assistants/{assistant:str}/preview",
    status_code=200,
    summary="Render every prompt without calling a model",
    operation_class=json_body(PreviewBody),
    guards=[requires_scope(Scope.ASSISTANTS_READ)],
)
async def preview_assistant(
    request: Request[Principal, Any, Any], assistant: FromPath[str], body: RawBody, access: TheAccess
) -> Preview:
    record = await access.assistant(principal_of(request), assistant)
    reader = object_in(body)
    sent = reader.value("inputs")
    finished(reader)
    inputs, problems = check_inputs(record.definition, sent)
    if problems:
        raise invalid("invalid_input", "The inputs do not fit the form.", problems)
    return await asyncio.to_thread(_preview, record.definition, inputs)


def _preview(definition: Definition, inputs: dict[str, Value]) -> Preview:
    # Its own, since the engine's belongs to the event loop and this runs in a thread.
    processor = PromptProcessor(TemplateCache())
    stand_ins = {prompt.id: f"[output of {prompt.name}]" for prompt in definition.prompts}
    prompts = [_prompt(definition, prompt, inputs, stand_ins, processor) for prompt in definition.in_order()]
    characters = sum(prompt.characters for prompt in prompts)
    return Preview(tuple(prompts), characters, sum(prompt.estimated_tokens for prompt in prompts))


def _prompt(
    definition: Definition,
    prompt: PromptDefinition,
    inputs: dict[str, Value],
    results: dict[PromptId, str],
    processor: PromptProcessor,
) -> PromptPreview:
    messages: tuple[Message, ...] = ()
    problem: str | None = None
    try:
        messages = processor.messages(definition, prompt, inputs, results)
    except PromptFailure as failure:
        problem = failure.message
    characters = sum(len(message.content) for message in messages)
    return PromptPreview(
        prompt_id=prompt.id,
        name=prompt.name,
        position=prompt.position,
        model=prompt.model,
        names=tuple(sorted(referenced_names(prompt.content) | referenced_names(prompt.system or ""))),
        messages=messages,
        characters=characters,
        estimated_tokens=-(-characters // CHARACTERS_PER_TOKEN),
        problem=problem,
    )

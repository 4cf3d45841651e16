"""POST /api/assistants/{id}/preview and /api/assistants/preview: every prompt rendered, no model called."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import FromPath, RawBody

from app.api.dependencies import TheAccess, TheCatalogue, TheDefinitions
from app.api.documented import json_body
from app.api.request_body import finished, invalid, object_in
from app.db.records import UserRole
from app.http.guards import principal_of, requires_role, requires_scope
from app.http.principal import Principal, Scope
from app.http.request_record import request_id_of
from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.errors import PromptFailure
from lib.streaming.input_check.check import check_inputs
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.prompt_processor.processor import PromptProcessor
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.prompt_template.template import referenced_names
from lib.streaming.types import Message, PromptId, Value

#: A rule of thumb for English; only a model's own tokenizer knows.
CHARACTERS_PER_TOKEN = 4
#: Prices are for so many.
PRICED_TOKENS = 1_000_000


class PreviewBody(msgspec.Struct):
    inputs: dict[str, object] = {}


class DraftPreviewBody(msgspec.Struct):
    """`definition`: as `POST /api/assistants` takes it; nothing is stored."""

    definition: dict[str, object]
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
    """Prompts in chain order. `estimatedCost`: US dollars for what is sent, answers come on top; null where a model's price
    is not known.
    """

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
    request: Request[Principal, Any, Any],
    assistant: FromPath[str],
    body: RawBody,
    access: TheAccess,
    catalogue: TheCatalogue,
) -> Preview:
    record = await access.read_assistant(principal_of(request), assistant, request_id_of(request))
    reader = object_in(body)
    sent = reader.value("inputs")
    finished(reader)
    return await _previewed(record.definition, sent, catalogue)


@post(
    "/api/assistants/preview",
    status_code=200,
    summary="Render the prompts of a definition that is not stored",
    operation_class=json_body(DraftPreviewBody),
    guards=[requires_role(UserRole.AUTHOR), requires_scope(Scope.ASSISTANTS_WRITE)],
)
async def preview_definition(body: RawBody, definitions: TheDefinitions, catalogue: TheCatalogue) -> Preview:
    """Calls no model, stores nothing. A definition that could not be saved is refused with every problem."""
    reader = object_in(body)
    written, sent = reader.value("definition"), reader.value("inputs")
    finished(reader)
    return await _previewed(await definitions.read_decoded(written), sent, catalogue)


async def _previewed(definition: Definition, sent: object, catalogue: ModelCatalogue) -> Preview:
    inputs, problems = check_inputs(definition, sent)
    if problems:
        raise invalid("invalid_input", "The inputs do not fit the form.", problems)
    return await asyncio.to_thread(_preview, definition, inputs, catalogue)


def _preview(definition: Definition, inputs: dict[str, Value], catalogue: ModelCatalogue) -> Preview:
    # Its own, since the engine's belongs to the event loop and this runs in a thread.
    processor = PromptProcessor(TemplateCache())
    stand_ins = {prompt.id: f"[output of {prompt.name}]" for prompt in definition.prompts}
    prompts = [_prompt(definition, prompt, inputs, stand_ins, processor) for prompt in definition.in_order()]
    characters = sum(prompt.characters for prompt in prompts)
    tokens = sum(prompt.estimated_tokens for prompt in prompts)
    return Preview(tuple(prompts), characters, tokens, _cost(prompts, catalogue))


def _cost(prompts: Sequence[PromptPreview], catalogue: ModelCatalogue) -> str | None:
    cost = Decimal(0)
    for prompt in prompts:
        price = catalogue.facts_of(prompt.model).price
        if price is None:
            return None
        cost += price.input * prompt.estimated_tokens / PRICED_TOKENS
    return f"{cost.normalize():f}"


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


ROUTES = (preview_assistant, preview_definition)

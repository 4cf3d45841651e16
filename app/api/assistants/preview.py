"""POST /api/assistants/{id}/preview and /api/assistants/preview: every prompt rendered, no model called."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import FromPath, RawBody

from app.api.dependencies import TheAccess, TheDefinitions, ThePrices
from app.api.documented import json_body
from app.api.price_json import money
from app.api.request_body import finished, invalid, object_in
from app.db.records import UserRole
from app.http.guards import principal_of, requires_role, requires_scope
from app.http.principal import Principal, Scope
from app.http.request_record import request_id_of
from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.errors import PromptFailure
from lib.streaming.input_check.check import check_inputs
from lib.streaming.ports.prices import PriceList
from lib.streaming.pricing import cost_of, total_cost
from lib.streaming.prompt_processor.processor import PromptProcessor
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.prompt_template.template import referenced_names
from lib.streaming.types import Message, NanoDollars, PromptId, Usage, UsageSource, Value

#: A rule of thumb for English; only a model's own tokenizer knows.
CHARACTERS_PER_TOKEN = 4


class PreviewBody(msgspec.Struct):
    inputs: dict[str, object] = {}


class DraftPreviewBody(msgspec.Struct):
    """`definition`: as `POST /api/assistants` takes it; nothing is stored."""

    definition: dict[str, object]
    inputs: dict[str, object] = {}


class PromptPreview(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A prompt as it would be sent; what earlier prompts would answer stands as `[output of <name>]`.

    `names`: what its texts use. `problem`: why it cannot be rendered; then there are no messages. `estimatedCost`: US
    dollars for what is sent, as decimal text; the answer comes on top. Null where the model's price is not known.
    """

    prompt_id: PromptId
    name: str
    position: int
    model: str
    names: tuple[str, ...]
    messages: tuple[Message, ...]
    characters: int
    estimated_tokens: int
    estimated_cost: str | None
    problem: str | None


class Preview(msgspec.Struct, frozen=True, rename="camel"):
    """Prompts in chain order. `estimatedCost`: of all prompts; null if that of any is."""

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
    prices: ThePrices,
) -> Preview:
    record = await access.read_assistant(principal_of(request), assistant, request_id_of(request))
    reader = object_in(body)
    sent = reader.value("inputs")
    finished(reader)
    return await _previewed(record.definition, sent, prices)


@post(
    "/api/assistants/preview",
    status_code=200,
    summary="Render the prompts of a definition that is not stored",
    operation_class=json_body(DraftPreviewBody),
    guards=[requires_role(UserRole.AUTHOR), requires_scope(Scope.ASSISTANTS_WRITE)],
)
async def preview_definition(body: RawBody, definitions: TheDefinitions, prices: ThePrices) -> Preview:
    """Calls no model, stores nothing. A definition that could not be saved is refused with every problem."""
    reader = object_in(body)
    written, sent = reader.value("definition"), reader.value("inputs")
    finished(reader)
    return await _previewed(await definitions.read_decoded(written), sent, prices)


async def _previewed(definition: Definition, sent: object, prices: PriceList) -> Preview:
    inputs, problems = check_inputs(definition, sent)
    if problems:
        raise invalid("invalid_input", "The inputs do not fit the form.", problems)
    return await asyncio.to_thread(_preview, definition, inputs, prices)


def _preview(definition: Definition, inputs: dict[str, Value], prices: PriceList) -> Preview:
    # Its own, since the engine's belongs to the event loop and this runs in a thread.
    processor = PromptProcessor(TemplateCache())
    stand_ins = {prompt.id: f"[output of {prompt.name}]" for prompt in definition.prompts}
    prompts = [_prompt(definition, prompt, inputs, stand_ins, processor, prices) for prompt in definition.in_order()]
    characters = sum(prompt.characters for prompt in prompts)
    tokens = sum(prompt.estimated_tokens for prompt in prompts)
    cost = total_cost(_cost(prompt.model, prompt.estimated_tokens, prices) for prompt in prompts)
    return Preview(tuple(prompts), characters, tokens, money(cost))


def _cost(model: str, tokens: int, prices: PriceList) -> NanoDollars | None:
    price = prices.price_of(model)
    return None if price is None else cost_of(Usage(tokens, 0, tokens, UsageSource.ESTIMATED), price)


def _prompt(
    definition: Definition,
    prompt: PromptDefinition,
    inputs: dict[str, Value],
    results: dict[PromptId, str],
    processor: PromptProcessor,
    prices: PriceList,
) -> PromptPreview:
    messages: tuple[Message, ...] = ()
    problem: str | None = None
    try:
        messages = processor.messages(definition, prompt, inputs, results)
    except PromptFailure as failure:
        problem = failure.message
    characters = sum(len(message.content) for message in messages)
    tokens = -(-characters // CHARACTERS_PER_TOKEN)
    return PromptPreview(
        prompt_id=prompt.id,
        name=prompt.name,
        position=prompt.position,
        model=prompt.model,
        names=tuple(sorted(referenced_names(prompt.content) | referenced_names(prompt.system or ""))),
        messages=messages,
        characters=characters,
        estimated_tokens=tokens,
        estimated_cost=money(_cost(prompt.model, tokens, prices)),
        problem=problem,
    )


ROUTES = (preview_assistant, preview_definition)

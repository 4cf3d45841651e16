"""The links of the chain."""

from __future__ import annotations

import re

from lib.streaming.definition import MAX_PROMPTS, MAX_TIMEOUT_SECONDS, PromptDefinition, Timeouts
from lib.streaming.definition_check.fields import report_repeated
from lib.streaming.definition_check.limits import (
    MAX_FALLBACKS,
    MAX_MAPPINGS,
    MAX_MODEL,
    MAX_NAME,
    MAX_OUTPUT_TOKENS,
    MAX_POSITION,
    MAX_PROMPT_ID,
    MAX_PROMPT_TEXT,
    MAX_TEMPERATURE,
    MAX_VALUE,
)
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.wording import shown
from lib.streaming.prompt_decoder import decode_editor_escapes
from lib.streaming.types import PromptId

_PROMPT_ID = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_PROMPT_ID}}}")
_MODEL = re.compile(r"[a-z0-9][a-z0-9_.-]*/[!-~]+")


def read_prompts(definition: ObjectReader) -> tuple[PromptDefinition, ...]:
    readers = definition.nested_list("prompts", 1, MAX_PROMPTS)
    prompts = tuple(_prompt(reader) for reader in readers)
    report_repeated(readers, "id", [prompt.id for prompt in prompts])
    return prompts


def is_model_name(text: str) -> bool:
    """Whether a text has the form `<provider>/<model id>`."""
    return _MODEL.fullmatch(text) is not None and len(text) <= MAX_MODEL


def _prompt(reader: ObjectReader) -> PromptDefinition:
    prompt = PromptDefinition(
        id=_id(reader),
        name=reader.text("name", MAX_NAME, required=True).strip(),
        content=decode_editor_escapes(reader.text("content", MAX_PROMPT_TEXT, required=True)),
        model=_model(reader),
        position=reader.whole("position", 0, MAX_POSITION) or 0,
        system=_system(reader),
        fallback_models=_fallback_models(reader),
        input_mapping=reader.text_map("inputMapping", MAX_MAPPINGS, MAX_NAME),
        timeouts=_timeouts(reader.nested("timeouts")),
        max_output_tokens=reader.whole("maxOutputTokens", 1, MAX_OUTPUT_TOKENS),
        temperature=reader.number("temperature", 0, MAX_TEMPERATURE),
    )
    reader.finish()
    return prompt


def _id(reader: ObjectReader) -> PromptId:
    text = reader.text("id", MAX_VALUE)
    if text and not _PROMPT_ID.fullmatch(text):
        message = f"A prompt's id has 1 to {MAX_PROMPT_ID} letters, digits, '_', '-' or '.'; leave it out to get one."
        reader.problem("id", ProblemCode.INVALID_NAME, message)
    return PromptId(text)


def _model(reader: ObjectReader) -> str:
    model = reader.text("model", MAX_VALUE, required=True)
    if model.strip():
        _check_model(reader, "model", model)
    return model


def _check_model(reader: ObjectReader, key: str, model: str) -> None:
    if not is_model_name(model):
        message = f"'{shown(model)}' is no model: write <provider>/<model id>, such as openai/gpt-5-mini."
        reader.problem(key, ProblemCode.INVALID_MODEL, message)


def _fallback_models(reader: ObjectReader) -> tuple[str, ...]:
    models = reader.texts("fallbackModels", MAX_FALLBACKS, MAX_VALUE)
    first = reader.value("model")
    seen = {first} if isinstance(first, str) else set()
    for index, model in enumerate(models):
        key = f"fallbackModels[{index}]"
        _check_model(reader, key, model)
        if model in seen:
            reader.problem(key, ProblemCode.DUPLICATE, f"'{shown(model)}' is already tried before.")
        seen.add(model)
    return models


def _system(reader: ObjectReader) -> str | None:
    system = reader.text("system", MAX_PROMPT_TEXT)
    return decode_editor_escapes(system) if system.strip() else None


def _timeouts(reader: ObjectReader) -> Timeouts:
    timeouts = Timeouts(
        connect=reader.seconds("connect", MAX_TIMEOUT_SECONDS),
        first_token=reader.seconds("firstToken", MAX_TIMEOUT_SECONDS),
        idle=reader.seconds("idle", MAX_TIMEOUT_SECONDS),
        total=reader.seconds("total", MAX_TIMEOUT_SECONDS),
    )
    reader.finish()
    return timeouts

"""From definitions to a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from lib.streaming.definition import (
    DEFAULT_ON_DISCONNECT,
    Choice,
    Definition,
    DefinitionProblem,
    InputField,
    PromptDefinition,
    Timeouts,
)
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.origin_format.importing import VERSION
from lib.streaming.origin_format.prompt_names import portable_mapping
from lib.streaming.types import OnError


def export_assistants(definitions: Sequence[Definition], exported_at: str, source: str) -> bytes:
    """A file that imports to the same definitions, but for what `lost_in_export` names and the prompts' ids.

    `exported_at` is an RFC 3339 time, `source` the name of this system.
    """
    file = {
        "version": VERSION,
        "exported_at": exported_at,
        "export_source": source,
        "assistants": [_assistant(definition) for definition in definitions],
    }
    return msgspec.json.format(msgspec.json.encode(file), indent=2)


def lost_in_export(definition: Definition) -> list[DefinitionProblem]:
    """What a definition says that the format has no place for."""
    lost = [
        name
        for name, given in [
            ("onError", definition.on_error is not OnError.STOP),
            ("onDisconnect", definition.on_disconnect != DEFAULT_ON_DISCONNECT),
        ]
        if given
    ]
    for number, prompt in enumerate(definition.prompts):
        lost += [f"prompts[{number}].{name}" for name in _lost_of_prompt(definition, prompt)]
    message = "The file format has no place for this."
    return [DefinitionProblem(path, ProblemCode.NOT_EXPORTED, message) for path in lost]


def _lost_of_prompt(definition: Definition, prompt: PromptDefinition) -> list[str]:
    lost = {
        "fallbackModels": bool(prompt.fallback_models),
        "timeouts": prompt.timeouts != Timeouts(total=prompt.timeouts.total),
        "maxOutputTokens": prompt.max_output_tokens is not None,
        "temperature": prompt.temperature is not None,
        "inputMapping": prompt.input_mapping.keys() != portable_mapping(definition, prompt).keys(),
    }
    return [name for name, given in lost.items() if given]


def _assistant(definition: Definition) -> dict[str, object]:
    positions = [prompt.position for prompt in definition.prompts]
    shared = {position for position in positions if positions.count(position) > 1}
    return {
        "name": definition.name,
        "description": definition.description,
        "status": "pending_approval",
        "is_parallel": bool(shared),
        "timeout_seconds": definition.timeout_seconds,
        "prompts": [_prompt(definition, prompt, shared) for prompt in definition.prompts],
        "input_fields": [_field(field, number) for number, field in enumerate(definition.fields)],
    }


def _prompt(definition: Definition, prompt: PromptDefinition, shared: Collection[int]) -> dict[str, object]:
    return {
        "name": prompt.name,
        "content": prompt.content,
        "system_context": prompt.system,
        "model_name": prompt.model,
        "position": prompt.position,
        # One group for all that run together: true in both readings of the format.
        "parallel_group": prompt.position if prompt.position in shared else None,
        "input_mapping": portable_mapping(definition, prompt) or None,
        "timeout_seconds": prompt.timeouts.total,
    }


def _field(field: InputField, number: int) -> dict[str, object]:
    options: dict[str, object] = msgspec.to_builtins(field.options)
    if field.required:
        options["required"] = True
    if field.options.choices:
        options["choices"] = [_choice(choice) for choice in field.options.choices]
    return {
        "name": field.name,
        "label": field.label,
        "field_type": field.type.value,
        "position": number,
        "options": options or None,
    }


def _choice(choice: Choice) -> dict[str, str]:
    return {"value": choice.value, "label": choice.label}

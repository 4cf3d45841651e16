"""A definition as lines that people compare: what is said of it, and nothing of how it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from lib.streaming.definition import Definition, InputField, PromptDefinition


def lines_of(definition: Definition) -> list[str]:
    """One fact a line, texts line by line; equal definitions give equal lines."""
    return [*_about(definition), *_each_field(definition), *_each_prompt(definition)]


def _about(definition: Definition) -> Iterator[str]:
    yield f"Name: {definition.name}"
    yield from _text("Description", definition.description)
    yield f"When a prompt fails: {definition.on_error.value}"
    yield f"When nobody watches: {definition.on_disconnect}"
    if definition.timeout_seconds is not None:
        yield f"Time for the whole run: {definition.timeout_seconds:g} s"


def _each_field(definition: Definition) -> Iterator[str]:
    for field in definition.fields:
        yield ""
        yield f"Field {field.name}"
        yield from (f"  {line}" for line in _field(field))


def _field(field: InputField) -> Iterator[str]:
    yield f"Label: {field.label}"
    yield f"Type: {field.type.value}"
    yield f"Required: {'yes' if field.required else 'no'}"
    options: dict[str, object] = msgspec.to_builtins(field.options)
    choices = options.pop("choices", ())
    yield from _entries(options)
    for choice in choices if isinstance(choices, list | tuple) else ():
        yield f"Choice {choice['value']}: {choice.get('label', '')}".rstrip(": ")


def _each_prompt(definition: Definition) -> Iterator[str]:
    for prompt in definition.in_order():
        yield ""
        yield f"Prompt {prompt.name} (step {prompt.position + 1})"
        yield from (f"  {line}" for line in _prompt(prompt))


def _prompt(prompt: PromptDefinition) -> Iterator[str]:
    yield f"Model: {', then '.join((prompt.model, *prompt.fallback_models))}"
    if prompt.max_output_tokens is not None:
        yield f"Output tokens at most: {prompt.max_output_tokens}"
    if prompt.temperature is not None:
        yield f"Temperature: {prompt.temperature:g}"
    times: dict[str, object] = msgspec.to_builtins(prompt.timeouts)
    yield from (f"Time limit {line}" for line in _entries(times))
    yield from (f"Mapping {line}" for line in _entries(prompt.input_mapping))
    yield from _text("System", prompt.system or "")
    yield from _text("Content", prompt.content)


def _entries(values: Mapping[str, object]) -> Iterator[str]:
    return (f"{name}: {value}" for name, value in values.items())


def _text(name: str, text: str) -> Iterator[str]:
    if text:
        yield f"{name}:"
        yield from (f"  {line}" for line in text.splitlines())

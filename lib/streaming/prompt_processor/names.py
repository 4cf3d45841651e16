"""What a prompt may refer to: its mapping, the inputs, and the results of prompts at earlier positions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.types import PromptId

_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")
_NAME = re.compile(r"[\w-]+")
_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}|\$\{(.*)\}")
_OUTPUT_OF = re.compile(r"prompt_(.+)\.output")
_INPUT = "input."


class InputSource(msgspec.Struct, frozen=True):
    """The value of an input field."""

    name: str


class ResultSource(msgspec.Struct, frozen=True):
    """The output of an earlier prompt."""

    prompt_id: PromptId


Source: TypeAlias = InputSource | ResultSource


class NameTable(msgspec.Struct, frozen=True):
    """The names of one prompt. `unresolved` holds, by mapped name, why that entry of the mapping leads nowhere."""

    sources: Mapping[str, Source]
    unresolved: Mapping[str, str]


def slug(name: str) -> str:
    """A prompt's name as others refer to it: `Critique: clarity` is `critique-clarity`."""
    # lower, not casefold: prompts written for the origin refer to `Größe` as `gr-e`.
    return _NOT_IN_A_SLUG.sub("-", name.lower()).strip("-")


def name_table(definition: Definition, prompt: PromptDefinition) -> NameTable:
    """Names resolve in this order: mapping, inputs, slugs, `prompt_<n>_output` from 0, `result_<n>` from 1.

    Counted are the prompts at earlier positions, by position and then as written; prompts at the same position run
    together and never see each other. Of equal slugs the later prompt has the name.
    """
    earlier = [other for other in definition.in_order() if other.position < prompt.position]
    own = _own_names(definition, earlier)
    found: dict[str, Source] = {}
    unresolved: dict[str, str] = {}
    for name, target in prompt.input_mapping.items():
        source = _target(target, own, earlier)
        if source is not None and _NAME.fullmatch(name):
            found[name] = source
        else:
            unresolved[name] = _reason(name, target, definition)
    return NameTable(MappingProxyType({**found, **{name: own[name] for name in own if name not in found}}), unresolved)


def _own_names(definition: Definition, earlier: Sequence[PromptDefinition]) -> dict[str, Source]:
    names: dict[str, Source] = {field.name: InputSource(field.name) for field in definition.fields}
    for other in reversed(earlier):
        names.setdefault(slug(other.name) or f"prompt-{other.id}", ResultSource(other.id))
    for number, other in enumerate(earlier):
        names.setdefault(f"prompt_{number}_output", ResultSource(other.id))
    for number, other in enumerate(earlier, start=1):
        names.setdefault(f"result_{number}", ResultSource(other.id))
    return names


def _target(target: str, own: Mapping[str, Source], earlier: Sequence[PromptDefinition]) -> Source | None:
    """What an entry of a mapping means: `input.<name>`, `prompt_<id>.output`, a prompt's id, or any name, also in braces."""
    text = _bare(target)
    ids = {other.id for other in earlier}
    if text.startswith(_INPUT) and isinstance(named := own.get(text.removeprefix(_INPUT)), InputSource):
        return named
    output = _OUTPUT_OF.fullmatch(text)
    for candidate in (PromptId(output[1]) if output else None, PromptId(text)):
        if candidate in ids:
            return ResultSource(candidate)
    return own.get(text)


def _bare(target: str) -> str:
    placeholder = _PLACEHOLDER.fullmatch(target.strip())
    return (placeholder[1] or placeholder[2] or "").strip() if placeholder else target.strip()


def _reason(name: str, target: str, definition: Definition) -> str:
    if not _NAME.fullmatch(name):
        return f"'{name}' is no name a prompt can use: take letters, digits, _ and -."
    text = _bare(target)
    output = _OUTPUT_OF.fullmatch(text)
    if any(prompt.id in (text, output and output[1]) for prompt in definition.prompts):
        return f"'{name}' takes the output of a prompt that does not run before this one: '{text}'."
    return f"'{name}' leads nowhere: '{text}' is no input, no earlier prompt and no name known at this prompt."

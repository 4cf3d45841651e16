"""What the prompts of a file may refer to, found out before anything of it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.prompt_decoder import decode_editor_escapes
from lib.streaming.prompt_processor.names import name_table
from lib.streaming.prompt_template.template import referenced_names
from lib.streaming.types import PromptId


class PromptNames:
    """Tells, for each prompt, which of its mappings mean the same here and which of its names only they can give."""

    def __init__(self, fields: Iterable[Mapping[str, object]], prompts: Mapping[int, PromptDefinition]) -> None:
        self._prompts = prompts
        inputs = tuple(InputField(_text(raw, "name"), FieldType.SHORT_TEXT) for raw in fields)
        self._chain = Definition("", fields=inputs, prompts=tuple(prompts.values()))

    def kept(self, number: int, mapping: Mapping[str, object]) -> dict[str, str]:
        """The entries that lead to an input or, by name, to an earlier prompt; ids are those of another system."""
        named = {name: target for name, target in mapping.items() if isinstance(target, str) and not target.isdigit()}
        prompt = msgspec.structs.replace(self._prompts[number], input_mapping=named)
        unresolved = name_table(self._chain, prompt).unresolved
        return {name: target for name, target in named.items() if name not in unresolved}

    def needs(self, number: int, name: str) -> bool:
        """Whether a prompt uses a name that nothing but its mapping gives it."""
        prompt = self._prompts[number]
        used = referenced_names(prompt.content) | referenced_names(prompt.system or "")
        return name in used and name not in name_table(self._chain, prompt).sources


def outlined(number: int, raw: Mapping[str, object], position: int) -> PromptDefinition:
    """A prompt as far as names go. Its id is one that no mapping can spell."""
    return PromptDefinition(
        id=PromptId(f"\n{number}"),
        name=_text(raw, "name"),
        content=decode_editor_escapes(_text(raw, "content")),
        system=decode_editor_escapes(_text(raw, "system_context")),
        model="",
        position=position,
    )


def portable_mapping(definition: Definition, prompt: PromptDefinition) -> dict[str, str]:
    """The prompt's mapping without ids: a prompt named by its id is named by its place instead."""
    mapped = name_table(definition, prompt).sources
    own = name_table(definition, msgspec.structs.replace(prompt, input_mapping={})).sources
    portable: dict[str, str] = {}
    for name, target in prompt.input_mapping.items():
        if not any(other.id and other.id in target for other in definition.prompts):
            portable[name] = target
        elif same := [known for known, source in own.items() if source == mapped.get(name)]:
            portable[name] = same[0]
    return portable


def _text(raw: Mapping[str, object], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""

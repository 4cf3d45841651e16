"""A definition while it is being written: what would be refused, what is hardly meant, what each prompt may name."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from lib.streaming.definition import Definition, DefinitionProblem, PromptDefinition
from lib.streaming.definition_check.models import check_models
from lib.streaming.definition_check.parse import read_definition
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.prompt_processor.check import warn_about_prompts
from lib.streaming.prompt_processor.names import InputSource, Source, name_table
from lib.streaming.types import PromptId


class NameKind(StrEnum):
    INPUT = "input"
    PROMPT = "prompt"
    MAPPING = "mapping"


class KnownName(msgspec.Struct, frozen=True):
    """A name that a prompt's texts may use. `source`: the input field's name, or the id of the prompt whose output it is."""

    name: str
    kind: NameKind
    source: str


class PromptNames(msgspec.Struct, frozen=True):
    """`path` as in problems, `prompts[2]`; a prompt without an id goes by its path."""

    path: str
    names: tuple[KnownName, ...]


class Examination(msgspec.Struct, frozen=True):
    problems: tuple[DefinitionProblem, ...]
    warnings: tuple[DefinitionProblem, ...]
    names: tuple[PromptNames, ...]


def examine(data: object, catalogue: ModelCatalogue) -> Examination:
    """Look at decoded JSON of any shape; stores nothing.

    `problems` are all that saving it would refuse, those of models included. There are `warnings` only where there is
    no problem: what a broken template uses is not known.
    """
    read, found = read_definition(data)
    if read is None:
        return Examination(tuple(found), (), ())
    definition = _identified(read)
    told = {problem.path for problem in found}
    found += [problem for problem in check_models(definition, catalogue) if problem.path not in told]
    warnings = () if found else tuple(warn_about_prompts(definition))
    names = tuple(
        PromptNames(_path(number), _names(definition, prompt)) for number, prompt in enumerate(definition.prompts)
    )
    return Examination(tuple(found), warnings, names)


def _identified(definition: Definition) -> Definition:
    """With the paths of prompts for the ids they do not have yet."""
    prompts = tuple(
        prompt if prompt.id else msgspec.structs.replace(prompt, id=PromptId(_path(number)))
        for number, prompt in enumerate(definition.prompts)
    )
    return msgspec.structs.replace(definition, prompts=prompts)


def _path(number: int) -> str:
    return f"prompts[{number}]"


def _names(definition: Definition, prompt: PromptDefinition) -> tuple[KnownName, ...]:
    return tuple(
        KnownName(
            name,
            NameKind.MAPPING if name in prompt.input_mapping else _kind(source),
            source.name if isinstance(source, InputSource) else source.prompt_id,
        )
        for name, source in name_table(definition, prompt).sources.items()
    )


def _kind(source: Source) -> NameKind:
    return NameKind.INPUT if isinstance(source, InputSource) else NameKind.PROMPT

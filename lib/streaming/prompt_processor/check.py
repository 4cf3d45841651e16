"""Every problem of a chain's prompts, told to the author before anything runs."""

from __future__ import annotations

from collections.abc import Container, Iterator

from lib.streaming.definition import Definition, DefinitionProblem, PromptDefinition
from lib.streaming.prompt_processor.names import InputSource, ResultSource, name_table
from lib.streaming.prompt_template.problems import TemplateCode, located
from lib.streaming.prompt_template.template import check_template, referenced_names
from lib.streaming.types import PromptId

UNUSED_FIELD = "unused_field"
UNUSED_MAPPING = "unused_mapping"
UNUSED_OUTPUT = "unused_output"


def check_prompts(definition: Definition) -> list[DefinitionProblem]:
    """What stops the chain from running: templates, unknown names, mappings that lead nowhere.

    Paths are `prompts[2].content`, `prompts[2].system`, `prompts[2].inputMapping.<name>`, counted as written. Codes are
    those of the templates.
    """
    numbered = enumerate(definition.prompts)
    return [problem for number, prompt in numbered for problem in _problems(definition, prompt, f"prompts[{number}]")]


def warn_about_prompts(definition: Definition) -> list[DefinitionProblem]:
    """What runs but is hardly meant: fields, mapped names and outputs nobody uses; outputs of the last position are the answer.

    Prompts need their ids.
    """
    used: set[str] = set()
    read: set[PromptId] = set()
    warnings: list[DefinitionProblem] = []
    for number, prompt in enumerate(definition.prompts):
        names = referenced_names(prompt.content) | referenced_names(prompt.system or "")
        sources = name_table(definition, prompt).sources
        found = [sources[name] for name in names if name in sources]
        used.update(source.name for source in found if isinstance(source, InputSource))
        read.update(source.prompt_id for source in found if isinstance(source, ResultSource))
        warnings += [_unused_mapping(f"prompts[{number}]", name) for name in prompt.input_mapping if name not in names]
    warnings += _unused_outputs(definition, read)
    numbered = enumerate(definition.fields)
    return warnings + [_unused_field(number, field.name) for number, field in numbered if field.name not in used]


def _problems(definition: Definition, prompt: PromptDefinition, path: str) -> Iterator[DefinitionProblem]:
    table = name_table(definition, prompt)
    for name, reason in table.unresolved.items():
        yield DefinitionProblem(f"{path}.inputMapping.{name}", TemplateCode.UNKNOWN_NAME, reason)
    for key, source in (("content", prompt.content), ("system", prompt.system or "")):
        for problem in check_template(source, [*table.sources, *table.unresolved]):
            yield DefinitionProblem(f"{path}.{key}", problem.code, located(problem), problem.line)


def _unused_outputs(definition: Definition, read: Container[PromptId]) -> Iterator[DefinitionProblem]:
    last = max((prompt.position for prompt in definition.prompts), default=0)
    for number, prompt in enumerate(definition.prompts):
        if prompt.position < last and prompt.id not in read:
            message = f"No later prompt uses the output of '{prompt.name}'."
            yield DefinitionProblem(f"prompts[{number}]", UNUSED_OUTPUT, message)


def _unused_mapping(path: str, name: str) -> DefinitionProblem:
    message = f"The prompt maps '{name}' but never uses it; write ${{{name}}} where its value belongs."
    return DefinitionProblem(f"{path}.inputMapping.{name}", UNUSED_MAPPING, message)


def _unused_field(number: int, name: str) -> DefinitionProblem:
    message = f"No prompt uses the field '{name}'; write ${{{name}}} where its value belongs."
    return DefinitionProblem(f"fields[{number}]", UNUSED_FIELD, message)

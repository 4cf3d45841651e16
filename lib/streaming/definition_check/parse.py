"""From decoded JSON to a definition, or to the list of everything that is wrong with it."""

from __future__ import annotations

import re

import msgspec

from lib.streaming.definition import (
    DEFAULT_ON_DISCONNECT,
    MAX_TIMEOUT_SECONDS,
    Definition,
    DefinitionProblem,
    DisconnectPolicy,
)
from lib.streaming.definition_check.fields import read_fields
from lib.streaming.definition_check.limits import MAX_DESCRIPTION, MAX_NAME, MIN_NAME
from lib.streaming.definition_check.prompts import read_prompts
from lib.streaming.ids import IdFactory
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.problem_list import ProblemList
from lib.streaming.prompt_processor.check import check_prompts
from lib.streaming.prompt_template.problems import TemplateCode
from lib.streaming.types import OnError, PromptId

#: An item of the list that is no prompt: those after it are not counted as the sender counts them.
_NO_PROMPT = re.compile(r"prompts\[\d+\]")
_NAMING = re.compile(r"(fields(\[\d+\](\.name)?)?|prompts(\[\d+\]\.(name|position))?)$")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def parse_definition(data: object) -> tuple[Definition | None, list[DefinitionProblem]]:
    """Check decoded JSON of any shape against the definition format; a definition comes back only without problems.

    Every problem is reported at once, with its path; those of templates too (`prompt_processor.check`, which also has
    the warnings). Whether models exist is `check_models`. Prompts keep the ids they bring; one without an id has an
    empty one until `with_ids`. Editor escapes in prompts are decoded, surrounding spaces leave the names.
    """
    definition, problems = read_definition(data)
    return (None if problems else definition), problems


def read_definition(data: object) -> tuple[Definition | None, list[DefinitionProblem]]:
    """As `parse_definition`, but with as much of the definition as could be read, problems or not; None if it is no object."""
    problems = ProblemList()
    reader = ObjectReader.of(data, "", problems)
    if reader is None:
        return None, problems.found
    definition = _definition(reader)
    _check_templates(definition, problems)
    return definition, problems.found


def with_ids(definition: Definition, make_id: IdFactory) -> Definition:
    """The definition with an id for every prompt that has none."""
    prompts = tuple(
        prompt if prompt.id else msgspec.structs.replace(prompt, id=PromptId(make_id()))
        for prompt in definition.prompts
    )
    return msgspec.structs.replace(definition, prompts=prompts)


def _check_templates(definition: Definition, problems: ProblemList) -> None:
    told = {problem.path for problem in problems.found}
    if any(_NO_PROMPT.fullmatch(path) for path in told):
        return
    # Where a name is wrong, so may be every use of it: the author hears of the name first.
    names_are_sure = not any(_NAMING.match(path) for path in told)
    for problem in check_prompts(definition):
        if problem.path not in told and (names_are_sure or problem.code != TemplateCode.UNKNOWN_NAME):
            problems.add(problem.path, problem.code, problem.message, problem.line)


def _definition(reader: ObjectReader) -> Definition:
    definition = Definition(
        name=_name(reader),
        description=reader.text("description", MAX_DESCRIPTION),
        fields=read_fields(reader),
        prompts=read_prompts(reader),
        on_error=reader.one_of("onError", OnError) or OnError.STOP,
        on_disconnect=_on_disconnect(reader),
        timeout_seconds=reader.seconds("timeoutSeconds", MAX_TIMEOUT_SECONDS),
    )
    reader.finish()
    return definition


def _name(reader: ObjectReader) -> str:
    name = reader.text("name", MAX_NAME, required=True).strip()
    if 0 < len(name) < MIN_NAME:
        message = f"An assistant's name has at least {MIN_NAME} characters."
        reader.problem("name", ProblemCode.TOO_SHORT, message)
    if _CONTROL_CHARACTER.search(name):
        reader.problem("name", ProblemCode.INVALID_NAME, "A name is one line without control characters.")
    return name


def _on_disconnect(reader: ObjectReader) -> str:
    text = reader.text("onDisconnect", MAX_NAME) or DEFAULT_ON_DISCONNECT
    try:
        DisconnectPolicy.parse(text)
    except ValueError as wrong:
        reader.problem("onDisconnect", ProblemCode.INVALID_CHOICE, f"{wrong}.")
    return text

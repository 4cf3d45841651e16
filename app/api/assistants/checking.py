"""POST /api/assistants/check: everything to say of a definition while it is being written."""

import asyncio
from enum import StrEnum

import msgspec
from litestar import post
from litestar.params import RawBody

from app.api.dependencies import TheCatalogue
from app.api.documented import json_body
from app.api.request_body import finished, object_in
from app.db.records import UserRole
from app.http.guards import requires_role, requires_scope
from app.http.principal import Scope
from lib.streaming.definition import DefinitionProblem
from lib.streaming.definition_check.examination import KnownName, NameKind, PromptNames, examine


class CheckBody(msgspec.Struct):
    """`definition`: as `POST /api/assistants` takes it, finished or not."""

    definition: dict[str, object]


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class ProblemItem(msgspec.Struct, frozen=True):
    """`error`: saving it would be refused. `line`: of the text at `path`, from 1, where the problem is at one."""

    path: str
    message: str
    code: str
    severity: Severity
    line: int | None


class NameItem(msgspec.Struct, frozen=True, rename={"source": "from"}):
    """A name that a prompt's texts may use; `from`: the input field, or the id (else the path) of the prompt it comes from."""

    name: str
    kind: NameKind
    source: str


class PromptNamesItem(msgspec.Struct, frozen=True):
    path: str
    names: tuple[NameItem, ...]


class CheckAnswer(msgspec.Struct, frozen=True):
    """`names`: for each prompt as written, `prompts[0]` first."""

    problems: tuple[ProblemItem, ...]
    names: tuple[PromptNamesItem, ...]


@post(
    "/api/assistants/check",
    status_code=200,
    summary="Check a definition without storing it",
    operation_class=json_body(CheckBody),
    guards=[requires_role(UserRole.AUTHOR), requires_scope(Scope.ASSISTANTS_WRITE)],
)
async def check_definition(body: RawBody, catalogue: TheCatalogue) -> CheckAnswer:
    """Also for a definition with problems, as far as it can be read; warnings come once there is no error."""
    reader = object_in(body)
    definition = reader.value("definition")
    finished(reader)
    found = await asyncio.to_thread(examine, definition, catalogue)
    errors = [_problem(problem, Severity.ERROR) for problem in found.problems]
    warnings = [_problem(problem, Severity.WARNING) for problem in found.warnings]
    return CheckAnswer((*errors, *warnings), tuple(_names(prompt) for prompt in found.names))


def _problem(problem: DefinitionProblem, severity: Severity) -> ProblemItem:
    return ProblemItem(problem.path, problem.message, problem.code, severity, problem.line)


def _names(prompt: PromptNames) -> PromptNamesItem:
    return PromptNamesItem(prompt.path, tuple(_name(known) for known in prompt.names))


def _name(known: KnownName) -> NameItem:
    return NameItem(known.name, known.kind, known.source)

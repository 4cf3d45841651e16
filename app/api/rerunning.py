"""How an execution is run again: the same version, with what is kept of the earlier results."""

from __future__ import annotations

import hashlib

import msgspec

from app.api.request_body import finished, invalid, object_in
from app.api.starting import check_runnable, key_problems
from app.db.assistants import AssistantRepository
from app.db.execution_reader import ExecutionReader
from app.db.records import ExecutionRecord, PromptRecord, VersionRecord
from app.http.principal import Principal
from app.http.problems import ApiError
from lib.streaming.definition import DefinitionProblem
from lib.streaming.ids import IdFactory
from lib.streaming.input_check.check import check_inputs
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.ports.execution_store import Accepted, NewExecution, Rerun
from lib.streaming.streaming_service.service import StreamingService
from lib.streaming.types import ExecutionId, PromptId, PromptStatus, Value

_MAX_NAME = 255


class RerunBody(msgspec.Struct, rename="camel", omit_defaults=True):
    """`fromPrompt`: the results of all prompts at earlier positions are kept; absent, all run again.

    `inputs` take the place of all earlier ones; absent, the earlier ones are used.
    """

    from_prompt: str | None = None
    inputs: dict[str, object] | None = None


class RerunRequest(msgspec.Struct, frozen=True):
    """A body that was understood."""

    from_prompt: PromptId | None
    inputs: object

    def fingerprint(self, execution_id: ExecutionId) -> bytes:
        told = ("rerun", execution_id, self.from_prompt, self.inputs)
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).digest()


class Rerunner:
    """Checks as `Starter` does. Who may look at the execution was decided before."""

    def __init__(
        self,
        service: StreamingService,
        assistants: AssistantRepository,
        executions: ExecutionReader,
        new_id: IdFactory,
        max_concurrent: int,
    ) -> None:
        self._service = service
        self._assistants = assistants
        self._executions = executions
        self._new_id = new_id
        self._max_concurrent = max_concurrent

    async def start(
        self, principal: Principal, execution_id: ExecutionId, body: bytes, idempotency_key: str | None
    ) -> Accepted:
        """Run an execution again; when this returns the new one is committed. Raises `ApiError`, `StreamingError`."""
        request = read_rerun(body)
        old, version = await self._pinned(principal, execution_id)
        keep, problems = _kept(old, request.from_prompt)
        inputs, wrong_inputs = _inputs(old, version, request.inputs)
        problems = [*key_problems(idempotency_key), *problems, *wrong_inputs]
        if problems:
            raise invalid("invalid_input", "The execution was not run again: the request has problems.", problems)
        new = NewExecution(
            id=ExecutionId(self._new_id()),
            principal_id=principal.id,
            assistant_id=old.assistant_id,
            version_id=version.id,
            inputs=inputs,
            on_disconnect=old.on_disconnect,
            max_concurrent=self._max_concurrent,
            idempotency_key=idempotency_key,
            request_hash=request.fingerprint(old.id) if idempotency_key is not None else None,
            rerun=Rerun(old.id, keep),
        )
        return await self._service.start(new)

    async def _pinned(self, principal: Principal, execution_id: ExecutionId) -> tuple[ExecutionRecord, VersionRecord]:
        """The earlier execution and its version, of an assistant that the caller may run now."""
        old = await self._executions.record(execution_id)
        assistant = await self._assistants.get(old.assistant_id) if old else None
        version = await self._assistants.version(old.assistant_id, old.version) if old else None
        if old is None or assistant is None or version is None:
            raise ApiError("not_found", "The execution was removed just now.")
        check_runnable(principal, assistant, None)
        if old.contents_removed_ms is not None:
            raise ApiError("contents_removed", "Its inputs and results are no longer kept; start a new execution.")
        return old, version


def read_rerun(body: bytes) -> RerunRequest:
    """Raise `ApiError` for a body that is no JSON object, or has members nobody knows; no body asks for nothing."""
    reader = object_in(body or b"{}")
    from_prompt = reader.text("fromPrompt", _MAX_NAME)
    inputs = reader.value("inputs")
    finished(reader)
    return RerunRequest(PromptId(from_prompt) if from_prompt else None, inputs)


def _kept(old: ExecutionRecord, from_prompt: PromptId | None) -> tuple[tuple[PromptId, ...], list[DefinitionProblem]]:
    """The prompts before `from_prompt`, and why one of them has nothing to keep."""
    if from_prompt is None:
        return (), []
    positions = {prompt.prompt_id: prompt.position for prompt in old.prompts}
    if from_prompt not in positions:
        message = f"The execution has no prompt '{from_prompt[:64]}'; its prompts are {', '.join(positions)}."
        return (), [DefinitionProblem("fromPrompt", ProblemCode.INVALID_CHOICE, message)]
    earlier = [prompt for prompt in old.prompts if prompt.position < positions[from_prompt]]
    open_ = [prompt for prompt in earlier if not _completed(prompt)]
    return tuple(prompt.prompt_id for prompt in earlier), [_nothing_to_keep(prompt) for prompt in open_]


def _completed(prompt: PromptRecord) -> bool:
    return any(attempt.status is PromptStatus.COMPLETED for attempt in prompt.attempts)


def _nothing_to_keep(prompt: PromptRecord) -> DefinitionProblem:
    message = f"'{prompt.name}' did not complete, so it has no result to keep; run again from '{prompt.prompt_id}'."
    return DefinitionProblem("fromPrompt", ProblemCode.NOT_ALLOWED, message)


def _inputs(
    old: ExecutionRecord, version: VersionRecord, sent: object
) -> tuple[dict[str, Value], list[DefinitionProblem]]:
    # What was stored was checked against the same version.
    return (old.inputs, []) if sent is None else check_inputs(version.definition, sent)

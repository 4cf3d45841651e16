"""How an execution is started, whichever route asks: find the assistant, check everything, store it."""

from __future__ import annotations

from app.api.access import may_change
from app.api.request_body import invalid
from app.api.start_request import StartRequest, read_start
from app.db.assistants import AssistantRepository
from app.db.records import AssistantRecord, AssistantStatus
from app.http.principal import Principal
from app.http.problems import ApiError
from lib.streaming.definition import Definition, DefinitionProblem
from lib.streaming.ids import IdFactory
from lib.streaming.input_check.check import check_inputs
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.ports.execution_store import Accepted, NewExecution
from lib.streaming.streaming_service.service import StreamingService
from lib.streaming.types import ExecutionId, Value, VersionId

MAX_IDEMPOTENCY_KEY = 255


class Starter:
    """Checks in the order of the contract: body, assistant, whether it may run, inputs, concurrency."""

    def __init__(
        self,
        service: StreamingService,
        assistants: AssistantRepository,
        new_id: IdFactory,
        max_concurrent: int,
    ) -> None:
        self._service = service
        self._assistants = assistants
        self._new_id = new_id
        self._max_concurrent = max_concurrent

    async def start(self, principal: Principal, body: bytes, idempotency_key: str | None) -> Accepted:
        """Start what a body asks for; when this returns it is committed. Raises `ApiError`, `StreamingError`."""
        request = read_start(body)
        assistant = await self._runnable(principal, request)
        version_id, definition, problems = await self._version(assistant, request.version)
        inputs, wrong_inputs = check_inputs(definition, request.inputs)
        problems = [*request.problems, *key_problems(idempotency_key), *problems, *wrong_inputs]
        if problems:
            raise invalid("invalid_input", "The execution was not started: its input has problems.", problems)
        new = self._new(principal, assistant, version_id, inputs, request, definition, idempotency_key)
        return await self._service.start(new)

    async def _runnable(self, principal: Principal, request: StartRequest) -> AssistantRecord:
        assistant = await self._assistants.get(request.assistant)
        if assistant is None:
            raise ApiError("not_found", f"There is no assistant {request.assistant[:64]!r}.")
        check_runnable(principal, assistant, request.version)
        return assistant

    async def _version(
        self, assistant: AssistantRecord, number: int | None
    ) -> tuple[VersionId, Definition, list[DefinitionProblem]]:
        if number in (None, assistant.version):
            return assistant.version_id, assistant.definition, []
        assert number is not None
        version = await self._assistants.version(assistant.id, number)
        if version is not None:
            return version.id, version.definition, []
        message = f"There is no version {number}; the current one is {assistant.version}."
        problem = DefinitionProblem("version", ProblemCode.OUT_OF_RANGE, message)
        return assistant.version_id, assistant.definition, [problem]

    def _new(
        self,
        principal: Principal,
        assistant: AssistantRecord,
        version_id: VersionId,
        inputs: dict[str, Value],
        request: StartRequest,
        definition: Definition,
        idempotency_key: str | None,
    ) -> NewExecution:
        return NewExecution(
            id=ExecutionId(self._new_id()),
            principal_id=principal.id,
            assistant_id=assistant.id,
            version_id=version_id,
            inputs=inputs,
            on_disconnect=request.on_disconnect or definition.on_disconnect,
            max_concurrent=self._max_concurrent,
            idempotency_key=idempotency_key,
            request_hash=request.fingerprint(assistant.id) if idempotency_key is not None else None,
        )


def check_runnable(principal: Principal, assistant: AssistantRecord, version: int | None) -> None:
    """Its author and administrators may run anything; others the current version of what is approved."""
    if may_change(principal, assistant):
        return
    if assistant.status is not AssistantStatus.APPROVED:
        raise ApiError("assistant_not_runnable", "This assistant is not approved, so only its author may run it.")
    if version not in (None, assistant.version):
        detail = f"Only its author may run another version than the approved one, {assistant.version}."
        raise ApiError("assistant_not_runnable", detail)


def key_problems(idempotency_key: str | None) -> list[DefinitionProblem]:
    if idempotency_key is None or 0 < len(idempotency_key) <= MAX_IDEMPOTENCY_KEY:
        return []
    message = f"An idempotency key has 1 to {MAX_IDEMPOTENCY_KEY} characters, not {len(idempotency_key)}."
    return [DefinitionProblem("Idempotency-Key", ProblemCode.TOO_LONG, message)]

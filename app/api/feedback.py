"""PUT /api/executions/{id}/prompts/{promptId}/feedback: what the owner thinks of an answer."""

from typing import Any

import msgspec
from litestar import Request, put
from litestar.params import FromPath, RawBody

from app.api.dependencies import TheAccess, TheExecutions
from app.api.documented import json_body
from app.api.request_body import finished, object_in
from app.db.records import Feedback
from app.http.guards import principal_of, requires_scope
from app.http.principal import Principal, Scope
from app.http.problems import ApiError
from lib.streaming.types import ExecutionId, PromptId


class FeedbackBody(msgspec.Struct):
    """`value`: `null` takes back what was said before."""

    value: Feedback | None


class FeedbackAnswer(msgspec.Struct, frozen=True):
    """What is stored now."""

    value: Feedback | None


@put(
    "/api/executions/{execution_id:str}/prompts/{prompt_id:str}/feedback",
    summary="Like or dislike a prompt's answer",
    operation_class=json_body(FeedbackBody),
    guards=[requires_scope(Scope.EXECUTIONS_RUN)],
)
async def give_feedback(
    request: Request[Principal, Any, Any],
    execution_id: FromPath[str],
    prompt_id: FromPath[str],
    body: RawBody,
    access: TheAccess,
    executions: TheExecutions,
) -> FeedbackAnswer:
    """For the owner of the execution alone; it stays until the record is removed."""
    await access.own_execution(principal_of(request), execution_id)
    value = _value(body)
    if not await executions.give_feedback(ExecutionId(execution_id), PromptId(prompt_id), value):
        raise ApiError("not_found", f"The execution has no prompt {prompt_id[:64]!r}.")
    return FeedbackAnswer(value)


def _value(body: bytes) -> Feedback | None:
    reader = object_in(body)
    value = reader.one_of("value", Feedback)
    finished(reader)
    return value

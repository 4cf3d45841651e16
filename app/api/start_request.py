"""The body of a start: which assistant, with what inputs."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from app.api.request_body import finished, object_in
from lib.streaming.definition import DefinitionProblem, DisconnectPolicy
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.types import AssistantId

_MAX_NAME = 255
_MAX_VERSION = 2**31 - 1


class StartBody(msgspec.Struct, rename="camel", omit_defaults=True):
    """What is sent, as the API document shows it: `toolId` and `assistantId` are the same thing, one is needed.

    `onDisconnect`: `continue`, `cancel`, `finish_prompt` or `grace:<seconds>`; absent, the assistant decides.
    """

    tool_id: Annotated[str | None, msgspec.Meta(description="Id or slug of the assistant.")] = None
    assistant_id: Annotated[str | None, msgspec.Meta(description="Id or slug of the assistant.")] = None
    inputs: dict[str, object] = {}
    version: Annotated[int, msgspec.Meta(ge=1)] | None = None
    on_disconnect: str | None = None


class StartRequest(msgspec.Struct, frozen=True):
    """A body that names an assistant. `problems`: what else is wrong with it, told together with the inputs."""

    assistant: str
    inputs: object
    version: int | None
    on_disconnect: str | None
    problems: tuple[DefinitionProblem, ...]

    def fingerprint(self, assistant_id: AssistantId) -> bytes:
        """The same for the same request, whatever the order of its keys or the name its assistant goes by."""
        told = (assistant_id, self.version, self.inputs, self.on_disconnect)
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).digest()


def read_start(body: bytes) -> StartRequest:
    """Raise `ApiError` for a body that is no JSON object, or names no assistant."""
    reader = object_in(body)
    tool, assistant = (reader.text(key, _MAX_NAME) for key in ("toolId", "assistantId"))
    request = StartRequest(
        assistant=assistant or tool,
        inputs=reader.value("inputs"),
        version=reader.whole("version", 1, _MAX_VERSION),
        on_disconnect=reader.text("onDisconnect", _MAX_NAME) if reader.has("onDisconnect") else None,
        problems=(),
    )
    if tool and assistant and tool != assistant:
        reader.problem("toolId", ProblemCode.CONTRADICTION, "'toolId' and 'assistantId' name two assistants.")
    if not request.assistant or "\0" in request.assistant:
        reader.problem("assistantId", ProblemCode.MISSING, "Name an assistant, by its id or its slug.")
        finished(reader)
    reader.finish()
    return msgspec.structs.replace(request, problems=(*reader.problems.found, *_policy_problems(request.on_disconnect)))


def _policy_problems(on_disconnect: str | None) -> list[DefinitionProblem]:
    try:
        DisconnectPolicy.parse(on_disconnect if on_disconnect is not None else "continue")
    except ValueError as wrong:
        return [DefinitionProblem("onDisconnect", ProblemCode.INVALID_CHOICE, f"{wrong}.")]
    return []

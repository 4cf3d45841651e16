"""/api/admin/providers: how the providers do, seen from this node."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody

from app.api.admin.caller import GUARDS, Caller, note
from app.api.admin.provider_desk import ProviderDesk, TestAnswer
from app.api.dependencies import TheAudit, TheProviderDesk, TheService
from app.api.documented import json_body
from app.api.moment import moment
from app.api.request_body import finished, object_in
from app.http.problems import ApiError, FieldError

MAX_MODEL = 200


class ModelHealth(msgspec.Struct, frozen=True, rename="camel"):
    """Attempts that ended since this node was started; `in_a_row`: failures since the last good one."""

    model: str
    ended: int
    failed: int
    in_a_row: int


class ErrorItem(msgspec.Struct, frozen=True, rename="camel"):
    at: str
    model: str
    code: str
    message: str


class ProviderItem(msgspec.Struct, frozen=True, rename="camel"):
    """A configured provider; `errors` are the last ten, newest first."""

    name: str
    in_flight: int
    models: tuple[ModelHealth, ...]
    errors: tuple[ErrorItem, ...]


class ProviderList(msgspec.Struct, frozen=True, rename="camel"):
    """As `node`, the one that answered, knows them."""

    node: str
    items: tuple[ProviderItem, ...]


class TestBody(msgspec.Struct):
    """Without `model` the one that is named most."""

    model: str | None = None


@get("/api/admin/providers", summary="The configured providers and how they do on this node", guards=GUARDS)
async def list_providers(provider_desk: TheProviderDesk, service: TheService) -> ProviderList:
    return ProviderList(
        service.manager.worker, tuple(provider_item(provider_desk, name) for name in provider_desk.names)
    )


@post(
    "/api/admin/providers/{name:str}/test",
    status_code=200,
    summary="Ask a provider for one word",
    operation_class=json_body(TestBody),
    guards=GUARDS,
)
async def test_provider(
    request: Caller, name: FromPath[str], body: RawBody, provider_desk: TheProviderDesk, audit: TheAudit
) -> TestAnswer:
    """A real call, of at most 30 seconds; a failure is an answer too."""
    if name not in provider_desk.names:
        raise ApiError("not_found", f"There is no provider {name[:64]!r} here.")
    model = _model(body) or next(iter(await provider_desk.models_of(name)), "")
    if not model:
        wrong = "Name a model: no assistant names one of this provider."
        raise ApiError("invalid_input", wrong, errors=[FieldError("model", wrong)])
    answer = await provider_desk.test(name, model)
    await note(request, audit, "provider.test", f"{name}/{model}", ok=answer.ok)
    return answer


def provider_item(desk: ProviderDesk, name: str) -> ProviderItem:
    """A provider as it is shown."""
    health = desk.health(name)
    return ProviderItem(
        name,
        health.in_flight,
        tuple(
            ModelHealth(model, calls.ended, calls.failed, calls.in_a_row)
            for model, calls in sorted(health.models.items())
        ),
        tuple(ErrorItem(moment(one.at_ms), one.model, one.code, one.message) for one in health.errors),
    )


def _model(body: bytes) -> str:
    if not body:
        return ""
    reader = object_in(body)
    model = reader.text("model", MAX_MODEL).strip()
    finished(reader)
    return model


ROUTES: tuple[Any, ...] = (list_providers, test_provider)

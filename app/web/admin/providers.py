"""GET /admin/providers and /admin/models: what the models are asked through, and which."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from app.api.admin.caller import GUARDS, note
from app.api.admin.models import model_items
from app.api.admin.provider_desk import ProviderDesk
from app.api.admin.providers import MAX_MODEL, provider_item
from app.db.audit import AuditRepository
from app.db.model_usage import ModelUsageRepository
from app.http.problems import ApiError
from app.price_list import KeptPrices
from app.web.page import Caller, ThePages
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.streaming_service.service import StreamingService


@get("/admin/providers", include_in_schema=False, guards=GUARDS)
async def providers_page(
    request: Caller,
    pages: ThePages,
    provider_desk: NamedDependency[ProviderDesk],
    service: NamedDependency[StreamingService],
) -> Template:
    providers = [
        (provider_item(provider_desk, name), await provider_desk.models_of(name)) for name in provider_desk.names
    ]
    return pages.page(request, "admin/providers.html", providers=providers, node=service.manager.worker)


@post("/admin/providers/{name:str}/test", status_code=200, include_in_schema=False, guards=GUARDS)
async def try_provider(
    request: Caller,
    name: FromPath[str],
    pages: ThePages,
    provider_desk: NamedDependency[ProviderDesk],
    audit: NamedDependency[AuditRepository],
) -> Template:
    """What came of a test call, to be put beside its button."""
    if name not in provider_desk.names:
        raise ApiError("not_found", f"There is no provider {name[:64]!r} here.")
    model = str((await request.form()).get("model", "")).strip()[:MAX_MODEL]
    if not model:
        raise ApiError("invalid_input", "Name a model of this provider.")
    answer = await provider_desk.test(name, model)
    await note(request, audit, "provider.test", f"{name}/{model}", ok=answer.ok)
    return pages.page(request, "admin/_provider_answer.html", answer=answer)


@get("/admin/models", include_in_schema=False, guards=GUARDS)
async def models_page(
    request: Caller,
    pages: ThePages,
    model_usage: NamedDependency[ModelUsageRepository],
    catalogue: NamedDependency[ModelCatalogue],
    prices: NamedDependency[KeptPrices],
) -> Template:
    models = model_items(await model_usage.all(), catalogue, prices)
    trusted = sorted(name for name, ids in catalogue.models.items() if not ids)
    return pages.page(request, "admin/models.html", models=models, trusted=trusted, own=prices.own)


ROUTES = (providers_page, try_provider, models_page)

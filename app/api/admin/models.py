"""/api/admin/models: which models are known, named and asked, and what they cost."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.params import QueryParameter, RawBody

from app.api.admin.caller import GUARDS, Caller, note
from app.api.admin.price_request import PriceBody, read_price
from app.api.dependencies import TheAudit, TheCatalogue, TheModelPrices, TheModelUsage, ThePrices
from app.api.documented import json_body
from app.api.moment import moment
from app.api.price_json import PriceItem, price_item
from app.db.model_usage import ModelUse
from app.http.problems import ApiError
from app.price_list import KeptPrices
from lib.streaming.model_catalogue import ModelCatalogue

Model = Annotated[str, QueryParameter(name="model", description="As a definition names it: `<provider>/<model id>`.")]


class ModelItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`available`: as far as is known it can be asked here. `prompts` and `fallbacks`: how many prompts of current
    versions name it first, or to fall back on. `recent_runs`: executions of the last 30 days that asked it. `price`: null
    where it is not known; `price_set_at`: null where no administrator set it, as with models of this machine, which cost
    nothing.
    """

    model: str
    provider: str
    available: bool
    prompts: int
    fallbacks: int
    recent_runs: int
    price: PriceItem | None
    price_set_at: str | None


class ModelList(msgspec.Struct, frozen=True, rename="camel"):
    """All at once; `next_cursor` is always null."""

    items: tuple[ModelItem, ...]
    next_cursor: str | None = None


class PricedModel(msgspec.Struct, frozen=True, rename="camel"):
    """A model and what it costs from now on; null where that is no longer known."""

    model: str
    price: PriceItem | None


@get("/api/admin/models", summary="Models that are known here or that assistants name", guards=GUARDS)
async def list_model_usage(model_usage: TheModelUsage, catalogue: TheCatalogue, prices: ThePrices) -> ModelList:
    return ModelList(model_items(await model_usage.all(), catalogue, prices))


@put(
    "/api/admin/models/price",
    summary="Set what a model costs",
    operation_class=json_body(PriceBody),
    guards=GUARDS,
)
async def set_price(
    request: Caller,
    body: RawBody,
    model_prices: TheModelPrices,
    prices: ThePrices,
    catalogue: TheCatalogue,
    audit: TheAudit,
) -> PricedModel:
    """Counts for what ends from now on: here at once, on other nodes within 5 seconds. What has ended keeps its cost."""
    model, price = read_price(body, catalogue)
    await model_prices.set(model, price)
    shown = price_item(price)
    await note(request, audit, "model.price", model, **msgspec.to_builtins(shown))
    await prices.refresh()
    return PricedModel(model, shown)


@delete("/api/admin/models/price", status_code=200, summary="Take back what a model costs", guards=GUARDS)
async def remove_price(
    request: Caller, model: Model, model_prices: TheModelPrices, prices: ThePrices, audit: TheAudit
) -> PricedModel:
    """It is unknown again; a model of this machine costs nothing again. What has ended keeps its cost."""
    if not await model_prices.remove(model):
        raise ApiError("not_found", f"No price is set for {model[:64]!r}.")
    await note(request, audit, "model.price_removed", model)
    await prices.refresh()
    price = prices.price_of(model)
    return PricedModel(model, None if price is None else price_item(price))


def model_items(uses: Sequence[ModelUse], catalogue: ModelCatalogue, prices: KeptPrices) -> tuple[ModelItem, ...]:
    """Those of the catalogue, those that are named or were asked, and those with a price, by name."""
    used = {use.model: use for use in uses}
    names = {*used, *catalogue.listed(), *prices.models()}
    return tuple(_item(used.get(model) or ModelUse(model, 0, 0, 0), catalogue, prices) for model in sorted(names))


def _item(use: ModelUse, catalogue: ModelCatalogue, prices: KeptPrices) -> ModelItem:
    price, stored = prices.price_of(use.model), prices.set_for(use.model)
    return ModelItem(
        model=use.model,
        provider=use.model.partition("/")[0],
        available=catalogue.offers(use.model),
        prompts=use.prompts,
        fallbacks=use.fallbacks,
        recent_runs=use.runs,
        price=None if price is None else price_item(price),
        price_set_at=None if stored is None else moment(stored.changed_ms),
    )


ROUTES = (list_model_usage, set_price, remove_price)

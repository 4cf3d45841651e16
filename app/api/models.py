"""GET /api/models: which models a definition may name, and what is known of them."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from app.api.dependencies import TheCatalogue, ThePrices
from app.api.price_json import PriceItem, price_item
from app.http.guards import requires_scope
from app.http.principal import Scope
from app.price_list import KeptPrices
from lib.streaming.model_catalogue import ModelCatalogue, ModelFacts
from lib.streaming.pricing import NANO, Price

READ = [requires_scope(Scope.ASSISTANTS_READ)]


class ModelItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`id`: as a definition names it. `contextWindow` and `price` are null where they are not known."""

    id: str
    provider: str
    name: str
    available: bool
    capabilities: tuple[str, ...]
    context_window: int | None
    price: PriceItem | None


class ModelList(msgspec.Struct, frozen=True, rename="camel"):
    """`anyOf`: providers that take whatever model id is written after their name, and list none."""

    items: tuple[ModelItem, ...]
    any_of: tuple[str, ...]


class ModelCategory(msgspec.Struct, frozen=True):
    """What models can do, and how many of those listed can."""

    name: str
    count: int


class ModelCategories(msgspec.Struct, frozen=True):
    items: tuple[ModelCategory, ...]


@get("/api/models", summary="Models that a definition may name", guards=READ, sync_to_thread=False)
def list_models(
    catalogue: TheCatalogue,
    prices: ThePrices,
    capability: FromQuery[str | None] = None,
    provider: FromQuery[str | None] = None,
    max_price: Annotated[
        float | None,
        QueryParameter(
            name="maxPrice", ge=0, description="Dollars a million tokens; models of unknown price are left out."
        ),
    ] = None,
) -> ModelList:
    """Those known by name, and those a price was set for; nothing is said of a model that is not known."""
    items = [_item(model, catalogue.facts_of(model), prices.price_of(model)) for model in known(catalogue, prices)]
    chosen = [
        item
        for item in items
        if provider in (None, item.provider)
        and (capability is None or capability in item.capabilities)
        and (max_price is None or _costs_at_most(prices.price_of(item.id), max_price))
    ]
    return ModelList(tuple(chosen), tuple(name for name in catalogue.unlisted() if provider in (None, name)))


@get("/api/models/categories", summary="What the listed models can do", guards=READ, sync_to_thread=False)
def list_model_categories(catalogue: TheCatalogue) -> ModelCategories:
    return ModelCategories(tuple(ModelCategory(name, count) for name, count in sorted(_counts(catalogue).items())))


def known(catalogue: ModelCatalogue, prices: KeptPrices) -> list[str]:
    """Models that can be named here and of which something is known."""
    listed = catalogue.listed()
    priced = [model for model in prices.models() if model not in listed and catalogue.offers(model)]
    return [*listed, *priced]


def _item(model: str, facts: ModelFacts, price: Price | None) -> ModelItem:
    return ModelItem(
        id=model,
        provider=model.partition("/")[0],
        name=facts.name,
        available=True,
        capabilities=facts.capabilities,
        context_window=facts.context_window,
        price=price_item(price) if price else None,
    )


def _costs_at_most(price: Price | None, most: float) -> bool:
    return price is not None and max(price.input, price.output) <= most * NANO


def _counts(catalogue: ModelCatalogue) -> dict[str, int]:
    counts: dict[str, int] = {}
    for model in catalogue.listed():
        for capability in catalogue.facts_of(model).capabilities:
            counts[capability] = counts.get(capability, 0) + 1
    return counts


ROUTES = (list_models, list_model_categories)

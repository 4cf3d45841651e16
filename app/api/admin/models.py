"""/api/admin/models: which models are known, named and asked."""

from collections.abc import Sequence

import msgspec
from litestar import get

from app.api.admin.caller import GUARDS
from app.api.dependencies import TheCatalogue, TheModelUsage
from app.db.model_usage import ModelUse
from lib.streaming.model_catalogue import ModelCatalogue


class ModelItem(msgspec.Struct, frozen=True, rename="camel"):
    """`available`: as far as is known it can be asked here. `prompts` and `fallbacks`: how many prompts of current
    versions name it first, or to fall back on. `recent_runs`: executions of the last 30 days that asked it.
    """

    model: str
    provider: str
    available: bool
    prompts: int
    fallbacks: int
    recent_runs: int


class ModelList(msgspec.Struct, frozen=True, rename="camel"):
    """All at once; `next_cursor` is always null."""

    items: tuple[ModelItem, ...]
    next_cursor: str | None = None


@get("/api/admin/models", summary="Models that are known here or that assistants name", guards=GUARDS)
async def list_model_usage(model_usage: TheModelUsage, catalogue: TheCatalogue) -> ModelList:
    return ModelList(model_items(await model_usage.all(), catalogue))


def model_items(uses: Sequence[ModelUse], catalogue: ModelCatalogue) -> tuple[ModelItem, ...]:
    """Those of the catalogue and those that are named or were asked, by name."""
    used = {use.model: use for use in uses}
    return tuple(
        _item(used.get(model) or ModelUse(model, 0, 0, 0), catalogue) for model in sorted({*used, *catalogue.listed()})
    )


def _item(use: ModelUse, catalogue: ModelCatalogue) -> ModelItem:
    provider = use.model.partition("/")[0]
    return ModelItem(use.model, provider, catalogue.offers(use.model), use.prompts, use.fallbacks, use.runs)


ROUTES = (list_model_usage,)

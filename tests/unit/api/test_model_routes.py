"""Which models there are, and what is said of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.model_sources import LOCAL_FACTS
from lib.streaming.providers.local_server import is_available
from tests.support.service import Service, as_json, echo, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOCAL = {
    "id": "local/smollm2",
    "provider": "local",
    "name": LOCAL_FACTS.name,
    "available": True,
    "capabilities": ["text"],
    "contextWindow": 2048,
    "price": {"input": "0", "cachedInput": None, "output": "0"},
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def with_models(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    assert is_available()
    async with running_service(tmp_path_factory.mktemp("models"), local_model="auto") as running:
        yield running


async def models(service: Service, path: str = "", **params: Any) -> Any:
    person = await service.person()
    answer = await service.client.get(f"/api/models{path}", params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_models_known_by_name_are_listed_with_what_is_known(with_models: Service) -> None:
    assert await models(with_models) == {"items": [LOCAL], "anyOf": ["scripted"]}
    assert await models(with_models, "/categories") == {"items": [{"name": "text", "count": 1}]}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"provider": "local"}, 1),
        ({"provider": "openai"}, 0),
        ({"capability": "text"}, 1),
        ({"capability": "images"}, 0),
        ({"maxPrice": "0"}, 1),
        ({"maxPrice": "inf"}, 1),
    ],
)
async def test_the_list_is_narrowed(with_models: Service, params: dict[str, str], found: int) -> None:
    assert len((await models(with_models, **params))["items"]) == found


async def test_a_deployment_that_lists_none_says_which_providers_take_any(service: Service) -> None:
    assert await models(service) == {"items": [], "anyOf": ["scripted"]}
    assert await models(service, "/categories") == {"items": []}


async def test_models_of_our_own_machine_cost_nothing(with_models: Service) -> None:
    person = await with_models.person()
    for model in (LOCAL["id"], "scripted/echo"):
        body = {"definition": as_json(echo(model=str(model))), "inputs": {"topic": "rain"}}
        answer = await with_models.client.post("/api/assistants/preview", json=body, headers=person.headers)
        assert answer.json()["estimatedCost"] == "0"

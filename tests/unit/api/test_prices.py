"""Prices that administrators set, and what runs cost by them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.db.records import AuditFilter
from tests.support.service import Person, Service, as_json, echo

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "/api/admin/models/price"


async def put(service: Service, admin: Person, **body: object) -> httpx.Response:
    return await service.client.put(URL, json=body, headers=admin.headers)


async def get(service: Service, person: Person, path: str, **params: Any) -> Any:
    answer = await service.client.get(path, params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def remove(service: Service, admin: Person, model: str) -> httpx.Response:
    return await service.client.delete(URL, params={"model": model}, headers=admin.headers)


async def test_a_price_is_set_shown_changed_and_removed(service: Service, admin: Person) -> None:
    made = await put(service, admin, model="scripted/long-4", input="2.50", cachedInput=0.25, output=10)
    price = {"input": "2.5", "cachedInput": "0.25", "output": "10"}
    assert (made.status_code, made.json()) == (200, {"model": "scripted/long-4", "price": price})
    models = [await get(service, admin, "/api/models", maxPrice=most) for most in (10, 9.99)]
    dear, cheap = ({item["id"]: item["price"] for item in found["items"]} for found in models)
    assert (dear["scripted/long-4"], "scripted/long-4" in cheap) == (price, False)
    await put(service, admin, model="scripted/long-4", input=".000000001", output="0")
    listed = {item["model"]: item for item in (await get(service, admin, "/api/admin/models"))["items"]}
    assert listed["scripted/long-4"]["price"] == {"input": "0.000000001", "cachedInput": None, "output": "0"}
    assert listed["scripted/long-4"]["priceSetAt"] is not None
    gone = await remove(service, admin, "scripted/long-4")
    free = {"input": "0", "cachedInput": None, "output": "0"}
    assert (gone.status_code, gone.json()["price"]) == (200, free)
    assert (await remove(service, admin, "scripted/long-4")).status_code == 404
    page = await service.storage.audit.list(10, None, AuditFilter(target="scripted/long-4"))
    assert [row.action for row in page.items] == ["model.price_removed", "model.price", "model.price"]
    assert page.items[-1].details == price


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"model", "input", "output"}),
        ({"model": "nobody/x", "input": "-1", "output": "1e3", "cachedInput": True, "more": 1}, {"model", "input", "output", "cachedInput", "more"}),
        ({"model": "scripted", "input": "1000000.01", "output": "0.0000000001"}, {"model", "input", "output"}),
        ({"model": "scripted/echo", "input": "2,50", "output": "1_0"}, {"input", "output"}),
        ({"model": "scripted/echo", "input": [], "output": ""}, {"input", "output"}),
        ({"model": "scripted/echo", "input": 1e-10, "output": 1e300}, {"input", "output"}),
    ],
)  # fmt: skip
async def test_a_price_that_cannot_be_is_refused_with_every_problem(
    service: Service, admin: Person, body: dict[str, object], paths: set[str]
) -> None:
    before = await service.storage.model_prices.all()
    answer = await put(service, admin, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert {error["path"] for error in answer.json()["errors"]} == paths
    assert await service.storage.model_prices.all() == before


async def test_what_a_run_costs_is_everywhere_and_stays_when_the_price_changes(
    service: Service, admin: Person, author: Person
) -> None:
    await put(service, admin, model="scripted/long-5", input="1", output="2")
    assistant = await service.assistant(author, echo("Dear", model="scripted/long-5"))
    run = await service.run(author, assistant, topic="x")
    await put(service, admin, model="scripted/long-5", input="1000", output="1000")
    record = await get(service, author, f"/api/executions/{run}")
    (attempt,) = record["prompts"][0]["attempts"]
    # Two words in, five out.
    assert (attempt["usage"]["inputTokens"], attempt["usage"]["outputTokens"]) == (2, 5)
    assert (attempt["cost"], record["cost"]) == ("0.000012", "0.000012")
    answer = await service.client.get(f"/api/executions/{run}/events", headers=author.headers)
    assert '"cost":"0.000012"' in answer.text.splitlines()[-2]
    found = await get(
        service, admin, "/api/admin/executions", sort="cost", user=author.user.id, model="scripted/long-5"
    )
    assert [(item["id"], item["cost"]) for item in found["items"]] == [(run, "0.000012")]
    stats = await get(service, admin, "/api/admin/stats")
    assert (stats["cost"], stats["unpriced"]) == (stats["days"][-1]["cost"], 0)
    assert Decimal(stats["cost"]) >= Decimal("0.000012")
    for shares, id_ in (("assistants", assistant.id), ("models", "scripted/long-5"), ("users", author.user.id)):
        (share,) = (share for share in stats[shares] if share["id"] == id_)
        assert (share["cost"], share["unpriced"]) == ("0.000012", 0)
    await remove(service, admin, "scripted/long-5")


async def test_what_a_rerun_keeps_is_not_paid_for_again(service: Service, admin: Person, author: Person) -> None:
    await put(service, admin, model="scripted/long-6", input="0", output="1")
    definition = as_json(echo("Twice", model="scripted/long-6"))
    first_prompt = definition["prompts"][0]
    definition["prompts"] = [first_prompt, first_prompt | {"id": "second", "name": "Second", "position": 1}]
    made = await service.client.post("/api/assistants", json=definition, headers=author.headers)
    body = {"assistantId": made.json()["id"], "inputs": {"topic": "x"}}
    first = await service.client.post("/api/assistant-architect/stream", json=body, headers=author.headers)
    run = first.headers["x-execution-id"]
    again = await service.client.post(
        f"/api/executions/{run}/rerun", json={"fromPrompt": "second"}, headers=author.headers
    )
    await service.client.get(again.json()["eventsUrl"], headers=author.headers)
    records = [await get(service, author, f"/api/executions/{id_}") for id_ in (run, again.json()["id"])]
    assert [record["cost"] for record in records] == ["0.000012", "0.000006"]
    assert records[1]["prompts"][0]["attempts"][0]["cost"] is None
    await remove(service, admin, "scripted/long-6")


async def test_a_preview_estimates_what_asking_costs(service: Service, admin: Person, author: Person) -> None:
    await put(service, admin, model="scripted/long-7", input="4", output="100")
    body = {"definition": as_json(echo(model="scripted/long-7")), "inputs": {"topic": "rain"}}
    answer = await service.client.post("/api/assistants/preview", json=body, headers=author.headers)
    # "Say rain": 8 characters, about 2 tokens.
    assert (answer.json()["estimatedCost"], answer.json()["prompts"][0]["estimatedCost"]) == ("0.000008", "0.000008")
    await remove(service, admin, "scripted/long-7")

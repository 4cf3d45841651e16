"""Health and the API document."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.service import Service, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def document(service: Service) -> dict[str, Any]:
    answer = await service.client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_a_working_process_is_alive_and_ready(service: Service) -> None:
    assert (await service.client.get("/livez")).json() == {"status": "ok"}
    ready = await service.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "process": "ok"}}


async def test_a_stopping_process_is_alive_and_not_ready(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running_service(tmp_path_factory.mktemp("stopping")) as service:
        service.node.readiness.stop()
        ready = await service.client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["process"]) == (503, "stopping")
        assert int(ready.headers["retry-after"]) >= 1
        assert (await service.client.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    ("path", "method"), [("/api/assistant-architect/stream", "post"), ("/api/executions/{execution_id}/events", "get")]
)
async def test_the_document_shows_the_events_as_a_tagged_union(service: Service, path: str, method: str) -> None:
    found = await document(service)
    stream = found["paths"][path][method]["responses"]["200"]
    schemas = found["components"]["schemas"]
    union = stream["content"]["text/event-stream"]["schema"]["oneOf"]
    events = [schemas[one["$ref"].rpartition("/")[2]] for one in union]
    tags = [event["properties"]["type"]["const"] for event in events]
    assert len(set(tags)) == len(tags) == 11
    for tag, event in zip(tags, events, strict=True):
        envelope = {"type", "executionId", "at"} | (set() if tag == "server.draining" else {"seq"})
        assert envelope <= set(event["required"])
    assert "event: execution.finished" in stream["description"]


async def test_the_document_shows_bodies_and_problems(service: Service) -> None:
    found = await document(service)
    start = found["paths"]["/api/assistant-architect/stream"]["post"]
    body = start["requestBody"]["content"]["application/json"]["schema"]
    assert {"toolId", "assistantId", "inputs", "version", "onDisconnect"} == body["properties"].keys()
    for path in found["paths"].values():
        for operation in path.values():
            problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
            assert problem["$ref"].rpartition("/")[2] in found["components"]["schemas"]


async def test_every_reference_in_the_document_leads_somewhere(service: Service) -> None:
    found = await document(service)

    def references(part: Any) -> Any:
        if isinstance(part, dict):
            yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                yield from references(one)

    known = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert set(references(found)) <= known


async def test_the_document_holds_every_route_with_a_summary(service: Service) -> None:
    for path in (await document(service))["paths"].values():
        for operation in path.values():
            assert operation["summary"]


async def test_an_unknown_address_is_a_problem_too(service: Service) -> None:
    answer = await service.client.get("/api/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["requestId"] == answer.headers["x-request-id"]

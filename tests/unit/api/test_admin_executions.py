"""Administrators look at everybody's executions; every look at contents is written down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.db.records import AssistantRecord, AuditFilter, UserRole
from lib.streaming.types import ExecutionId
from tests.support.service import Person, Service, echo, events_in, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("oversight")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def admin(service: Service) -> Person:
    return await service.person()


async def a_run(service: Service, content: str = "Say ${topic}") -> tuple[Person, str]:
    """Somebody else's, over."""
    user = await service.person(UserRole.AUTHOR)
    assistant = await service.assistant(user, echo(content=content))
    execution = await service.run(user, assistant, topic="the sea")
    await service.client.get(f"/api/executions/{execution}/events", headers=user.headers)
    return user, execution


async def begun(service: Service, user: Person, assistant: AssistantRecord) -> str:
    body = {"assistantId": assistant.id, "inputs": {"topic": "x"}}
    answer = await service.client.post("/api/executions", json=body, headers=user.headers)
    return str(answer.json()["id"])


async def pictures(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """What the live view shows, by execution, again and again."""
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield {item["id"]: item for item in json.loads(line.removeprefix("data: "))["items"]}


async def audited(service: Service, action: str, target: str) -> int:
    found = await service.storage.audit.list(50, None, AuditFilter(action=action, target=target))
    return len(found.items)


async def test_the_list_finds_somebody_elses_by_their_address(service: Service, admin: Person) -> None:
    user, execution = await a_run(service)
    answer = await service.client.get(
        "/api/admin/executions", params={"user": user.user.email, "status": "completed"}, headers=admin.headers
    )
    (item,) = answer.json()["items"]
    assert (item["id"], item["user"], item["model"]) == (execution, user.user.email, "scripted/echo")
    assert item["durationMs"] is not None
    assert (await service.client.get("/api/admin/executions?sort=duration", headers=admin.headers)).status_code == 200


async def test_the_record_tells_all_and_is_written_down(service: Service, admin: Person) -> None:
    user, execution = await a_run(service)
    told = (await service.client.get(f"/api/admin/executions/{execution}", headers=admin.headers)).json()
    assert told["user"] == user.user.email
    assert told["execution"]["inputs"] == {"topic": "the sea"}
    assert told["execution"]["prompts"][0]["attempts"][0]["output"] == "Say the sea"
    assert told["hold"]["claims"] == 1
    assert await audited(service, "execution.read", execution) == 1


async def test_a_replay_is_what_the_stream_sent_with_its_times(service: Service, admin: Person) -> None:
    user, execution = await a_run(service)
    stream = await service.client.get(f"/api/executions/{execution}/events", headers=user.headers)
    url = f"/api/admin/executions/{execution}/replay"
    whole = (await service.client.get(url, headers=admin.headers)).json()
    assert whole["items"] == [event.data for event in events_in(stream.content)]
    assert whole["nextCursor"] is None
    rest = (await service.client.get(f"{url}?after=3", headers=admin.headers)).json()
    assert [item["seq"] for item in rest["items"]] == [item["seq"] for item in whole["items"]][3:]
    assert await audited(service, "execution.replay", execution) == 2


async def test_a_replay_of_removed_contents_says_so(service: Service, admin: Person) -> None:
    _, execution = await a_run(service)
    await service.storage.execution_store.compact(ExecutionId(execution))
    assert await service.storage.retention.remove_contents(0, 100) >= 1
    answer = await service.client.get(f"/api/admin/executions/{execution}/replay", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (410, "contents_removed")


async def test_a_stop_says_that_an_administrator_did_it(service: Service, admin: Person) -> None:
    user = await service.person(UserRole.AUTHOR)
    assistant = await service.assistant(user, echo(content="a b c d e f g h", model="scripted/slow-1000"))
    execution = await begun(service, user, assistant)
    answer = await service.client.post(f"/api/admin/executions/{execution}/cancel", headers=admin.headers)
    assert answer.json()["outcome"] in {"stopped", "stopped_before_start"}
    record = await service.client.get(f"/api/executions/{execution}", headers=user.headers)
    assert record.json()["endedBy"] == "admin"
    assert await audited(service, "execution.cancel", execution) == 1


async def test_the_live_view_shows_what_runs_with_its_worker(service: Service, admin: Person) -> None:
    user = await service.person(UserRole.AUTHOR)
    slow = echo(name="Line\u2028end\u0085", content="a b c d e f g h", model="scripted/slow-1000")
    execution = await begun(service, user, await service.assistant(user, slow))
    async with service.client.stream("GET", "/api/admin/live", headers=admin.headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        shown = await anext(one async for one in pictures(answer) if execution in one and one[execution]["owner"])
    # Many clients end a line at these, so on the wire they are escaped.
    assert (shown[execution]["user"], shown[execution]["assistant"]) == (user.user.email, "Line\u2028end\u0085")
    await service.client.post(f"/api/executions/{execution}/cancel", headers=user.headers)


@pytest.mark.parametrize("path", ["", "/nobody", "/nobody/replay"])
async def test_who_is_no_administrator_is_refused(service: Service, path: str) -> None:
    user = await service.person(UserRole.AUTHOR)
    answer = await service.client.get(f"/api/admin/executions{path}", headers=user.headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/nobody", "/nobody/replay"])
async def test_one_that_is_not_there_is_not_found(service: Service, admin: Person, path: str) -> None:
    answer = await service.client.get(f"/api/admin/executions{path}", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

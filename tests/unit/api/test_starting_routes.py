"""Starting an execution: the order of the checks, and each refusal, on both routes that start."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from app.db.records import AssistantStatus, UserRole
from app.http.principal import Scope
from tests.support.service import Person, Service, echo, events_in, running_service, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREAM = "/api/assistant-architect/stream"
START = "/api/executions"
BOTH = pytest.mark.parametrize("url", [STREAM, START])


async def post(service: Service, url: str, person: Person | None = None, **more: Any) -> httpx.Response:
    return await service.client.post(url, headers=(person.headers if person else {}) | more.pop("headers", {}), **more)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def good(assistant: object = "echo") -> dict[str, Any]:
    return {"toolId": assistant, "inputs": {"topic": "the sea"}}


@BOTH
async def test_nobody_comes_before_anything_else(service: Service, url: str) -> None:
    assert code(await post(service, url, content=b"{")) == (401, "unauthenticated")


@BOTH
async def test_the_rate_comes_before_the_body(tmp_path_factory: pytest.TempPathFactory, url: str) -> None:
    async with running_service(tmp_path_factory.mktemp("limited"), rate_limit_starts="1/minute") as limited:
        ada = await limited.person()
        assert code(await post(limited, url, ada, content=b"{")) == (400, "malformed_json")
        refused = await post(limited, url, ada, content=b"{")
        assert code(refused) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["ratelimit-policy"] == '"starts";q=1;w=60'


@BOTH
async def test_a_key_without_the_scope_may_not_start(service: Service, url: str) -> None:
    reader = await service.person(UserRole.USER, [Scope.EXECUTIONS_READ])
    assert code(await post(service, url, reader, json=good())) == (403, "insufficient_scope")


@BOTH
async def test_a_body_that_is_no_json_comes_before_the_assistant(service: Service, url: str, user: Person) -> None:
    assert code(await post(service, url, user, content=b'{"toolId": ')) == (400, "malformed_json")
    assert code(await post(service, url, user, content=b"[]")) == (422, "invalid_input")


@BOTH
async def test_an_unknown_assistant_is_named(service: Service, url: str, user: Person) -> None:
    answer = await post(service, url, user, json=good("nobody") | {"inputs": {"x": 1}})
    assert code(answer) == (404, "not_found")
    assert "nobody" in answer.json()["detail"]


@BOTH
@pytest.mark.parametrize("status", [one for one in AssistantStatus if one is not AssistantStatus.APPROVED])
async def test_what_is_not_approved_runs_for_its_author_and_administrators_only(
    service: Service, url: str, status: AssistantStatus, author: Person, user: Person, admin: Person
) -> None:
    assistant = await service.assistant(author, status=status)
    wrong_inputs = good(assistant.id) | {"inputs": {}}
    assert code(await post(service, url, user, json=wrong_inputs)) == (409, "assistant_not_runnable")
    for person in (author, admin):
        assert (await post(service, url, person, json=good(assistant.id))).status_code in (200, 202)


@BOTH
async def test_an_older_version_runs_for_its_author_only(
    service: Service, url: str, author: Person, user: Person
) -> None:
    assistant = await service.assistant(author)
    await service.storage.assistants.change(assistant.id, echo(content="New ${topic}"), author.user.id)
    await service.storage.assistants.set_status(assistant.id, AssistantStatus.APPROVED, list(AssistantStatus))
    for version, expected in ((1, 409), (2, (200, 202)), (3, 409)):
        answer = await post(service, url, user, json=good(assistant.id) | {"version": version})
        assert answer.status_code in (expected if isinstance(expected, tuple) else (expected,))
    assert (await post(service, url, author, json=good(assistant.id) | {"version": 1})).status_code in (200, 202)
    missing = await post(service, url, author, json=good(assistant.id) | {"version": 9})
    assert [error["path"] for error in missing.json()["errors"]] == ["version"]


@BOTH
async def test_every_problem_of_the_input_is_listed(service: Service, url: str, author: Person) -> None:
    assistant = await service.assistant(author)
    body = {"toolId": assistant.id, "inputs": {"colour": "blue"}, "version": 7, "onDisconnect": "leave", "x": 1}
    answer = await post(service, url, author, json=body, headers={"Idempotency-Key": "k" * 256})
    assert code(answer) == (422, "invalid_input")
    paths = {error["path"] for error in answer.json()["errors"]}
    assert paths == {"inputs.topic", "inputs.colour", "version", "onDisconnect", "x", "Idempotency-Key"}


@BOTH
async def test_one_execution_too_many_is_refused_last(tmp_path_factory: pytest.TempPathFactory, url: str) -> None:
    async with running_service(
        tmp_path_factory.mktemp("small"), max_concurrent_executions="1", drain_seconds="0"
    ) as small:
        ada = await small.person()
        assistant = await small.assistant(ada, echo(model="scripted/slow-60000"))
        started = await post(small, START, ada, json=good(assistant.id))
        assert code(await post(small, url, ada, json=good(assistant.id) | {"inputs": {}})) == (422, "invalid_input")
        refused = await post(small, url, ada, json=good(assistant.id))
        assert code(refused) == (429, "too_many_executions")
        assert int(refused.headers["retry-after"]) >= 1
        await post(small, f"{START}/{started.json()['id']}/cancel", ada)
        assert (await post(small, START, ada, json=good(assistant.id))).status_code == 202


async def test_another_wire_is_refused_before_anything_is_started(service: Service, author: Person) -> None:
    assistant = await service.assistant(author)
    planned = await post(service, f"{STREAM}?protocol=ai-sdk", author, json=good(assistant.id))
    unknown = await post(service, f"{STREAM}?protocol=morse", author, json=good(assistant.id))
    assert (code(planned), code(unknown)) == ((406, "protocol_not_available"), (400, "invalid_request"))
    assert (await service.client.get(START, headers=author.headers)).json()["items"] == []


async def test_a_start_without_watching_tells_where_to_look(service: Service, author: Person) -> None:
    assistant = await service.assistant(author)
    answer = await post(service, START, author, json=good(assistant.slug))
    started = answer.json()
    url = f"/api/executions/{started['id']}"
    assert (answer.status_code, answer.headers["location"], started["status"]) == (202, url, "running")
    assert (started["eventsUrl"], started["cancelUrl"]) == (f"{url}/events", f"{url}/cancel")
    assert events_in((await service.client.get(started["eventsUrl"], headers=author.headers)).content)


@BOTH
async def test_the_same_key_and_body_are_one_execution(service: Service, url: str, author: Person) -> None:
    assistant = await service.assistant(author)
    again = {"headers": {"Idempotency-Key": f"press-{url}"}, "json": good(assistant.id)}
    answers = await asyncio.gather(*(post(service, url, author, **again) for _ in range(8)))
    assert len({answer.headers["location"] for answer in answers}) == 1
    by_slug = await post(service, url, author, headers=again["headers"], json=good(assistant.slug))
    assert by_slug.headers["location"] == answers[0].headers["location"]
    listed = (await service.client.get(START, headers=author.headers)).json()["items"]
    assert len(listed) == 1
    if url == STREAM:
        assert len({text_of(events_in(answer.content)) for answer in answers}) == 1


@BOTH
async def test_the_same_key_with_another_body_is_refused_and_another_user_is_independent(
    service: Service, url: str, author: Person, user: Person
) -> None:
    assistant = await service.assistant(author)
    key = {"Idempotency-Key": f"other-{url}"}
    first = await post(service, url, author, headers=key, json=good(assistant.id))
    other = await post(service, url, author, headers=key, json=good(assistant.id) | {"inputs": {"topic": "land"}})
    assert code(other) == (422, "idempotency_conflict")
    theirs = await post(service, url, user, headers=key, json=good(assistant.id))
    assert theirs.headers["location"] != first.headers["location"]


async def test_a_refused_start_leaves_its_key_unused(service: Service, author: Person) -> None:
    assistant = await service.assistant(author)
    key = {"Idempotency-Key": "refused-once"}
    assert (await post(service, START, author, headers=key, json={"toolId": assistant.id})).status_code == 422
    assert (await post(service, START, author, headers=key, json=good(assistant.id))).status_code == 202

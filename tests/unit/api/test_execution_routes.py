"""Looking at executions, following them, stopping them, removing them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from app.db.records import AssistantRecord
from tests.support.service import Person, Service, echo, events_in, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = "/api/executions"


async def get(service: Service, url: str, person: Person, **more: Any) -> httpx.Response:
    return await service.client.get(url, headers=person.headers | more.pop("headers", {}), **more)


async def start(service: Service, person: Person, assistant: AssistantRecord, **more: Any) -> str:
    body = {"assistantId": assistant.id, "inputs": {"topic": "the sea"}} | more
    answer = await service.client.post(LIST, json=body, headers=person.headers)
    return str(answer.json()["id"])


async def test_the_record_tells_what_was_asked_sent_and_answered(service: Service, author: Person) -> None:
    execution = await service.run(author, await service.assistant(author), topic="the sea")
    record = (await get(service, f"{LIST}/{execution}", author)).json()
    assert (record["id"], record["status"], record["version"]) == (execution, "completed", 1)
    assert (record["inputs"], record["code"], record["endedBy"]) == ({"topic": "the sea"}, None, "engine")
    assert record["createdAt"] <= record["startedAt"] <= record["finishedAt"]
    (prompt,) = record["prompts"]
    (attempt,) = prompt["attempts"]
    assert (prompt["promptId"], prompt["name"], prompt["position"]) == ("answer", "Answer", 0)
    assert attempt["messages"] == [{"role": "user", "content": "Say the sea"}]
    assert (attempt["output"], attempt["finishReason"]) == ("Say the sea", "stop")
    assert (attempt["model"], attempt["provider"]) == ("scripted/echo", "scripted")
    assert attempt["usageSource"] == attempt["usage"]["source"] == "provider"
    assert attempt["durationMs"] >= attempt["firstTokenMs"] >= 0


async def test_the_list_holds_own_executions_newest_first_page_by_page(
    service: Service, author: Person, user: Person
) -> None:
    assistant = await service.assistant(author)
    made = [await service.run(author, assistant, topic=str(number)) for number in range(5)]
    await service.run(user, assistant, topic="theirs")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await get(service, LIST, author, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["id"] for item in page["items"]]
        assert len(page["items"]) <= 2
        if (cursor := page["nextCursor"]) is None:
            break
    assert seen == made[::-1]


async def test_the_list_is_narrowed(service: Service, author: Person) -> None:
    one, other = await service.assistant(author), await service.assistant(author)
    failing = await service.assistant(author, echo(model="scripted/fault-nothing-of-that-name"))
    first = await service.run(author, one, topic="1")
    second = await service.run(author, other, topic="2")
    third = await service.run(author, failing, topic="3")
    listed = {item["id"]: item for item in (await get(service, LIST, author)).json()["items"]}

    async def ids(**params: str) -> list[str]:
        return [item["id"] for item in (await get(service, LIST, author, params=params)).json()["items"]]

    assert await ids(assistantId=one.id) == [first]
    assert await ids(status="failed") == [third]
    assert await ids(status="running") == []
    assert await ids(**{"from": listed[second]["createdAt"]}) == [third, second]
    assert await ids(to=listed[second]["createdAt"]) == [first]
    assert await ids(**{"from": "2999-01-01T00:00:00Z"}) == []


async def test_every_wrong_parameter_of_the_list_is_named(service: Service, author: Person) -> None:
    wrong = {"limit": "1000", "status": "lost", "from": "yesterday", "to": "x"}
    answer = await get(service, LIST, author, params=wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert {error["path"] for error in answer.json()["errors"]} == wrong.keys()
    assert (await get(service, LIST, author, params={"cursor": "x"})).json()["code"] == "invalid_cursor"


async def test_two_viewers_and_a_late_one_see_the_same(service: Service, author: Person) -> None:
    assistant = await service.assistant(
        author, echo(content="one two three four five six ${topic}", model="scripted/slow-20")
    )
    execution = await start(service, author, assistant)
    url = f"{LIST}/{execution}/events"
    both = await asyncio.gather(get(service, url, author), get(service, url, author))
    late = await get(service, url, author)
    streams = [events_in(answer.content) for answer in (*both, late)]
    assert {text_of(events) for events in streams} == {"one two three four five six the sea"}
    assert {events[-1].id for events in streams} == {streams[0][-1].id}


@pytest.mark.parametrize("seen", ["", "0", "-1", "abc", "1" + "0" * 30, "999999", "019a-another-run"])
async def test_a_number_the_execution_never_gave_brings_everything(service: Service, author: Person, seen: str) -> None:
    execution = await service.run(author, await service.assistant(author), topic="x")
    url = f"{LIST}/{execution}/events"
    whole = events_in((await get(service, url, author)).content)
    assert events_in((await get(service, url, author, headers={"Last-Event-ID": seen})).content) == whole
    assert events_in((await get(service, url, author, params={"after": seen})).content) == whole


async def test_after_in_the_address_counts_when_there_is_no_header(service: Service, author: Person) -> None:
    execution = await service.run(author, await service.assistant(author), topic="x")
    url = f"{LIST}/{execution}/events"
    whole = events_in((await get(service, url, author)).content)
    assert events_in((await get(service, url, author, params={"after": "2"})).content) == whole[2:]
    both = await get(service, url, author, params={"after": "2"}, headers={"Last-Event-ID": "4"})
    assert events_in(both.content) == whole[4:]


async def test_following_starts_no_work(service: Service, author: Person) -> None:
    execution = await service.run(author, await service.assistant(author), topic="x")
    for _ in range(3):
        await get(service, f"{LIST}/{execution}/events", author)
    assert len((await get(service, LIST, author)).json()["items"]) == 1


async def test_a_stop_tells_what_it_did_and_the_same_again(service: Service, author: Person) -> None:
    assistant = await service.assistant(author, echo(content="one two three four five six", model="scripted/slow-400"))
    execution = await start(service, author, assistant)
    url = f"{LIST}/{execution}"
    async with service.client.stream("GET", f"{url}/events", headers=author.headers) as watched:
        async for line in watched.aiter_lines():
            if line.startswith("event: prompt.delta"):
                break
        receipt = (await service.client.post(f"{url}/cancel", headers=author.headers)).json()
    assert (receipt["outcome"], receipt["status"], receipt["upstreamClosed"]) == ("stopped", "cancelled", True)
    assert receipt["keptChars"] == len("one two three ")
    assert 0 <= receipt["latencyMs"] < 5000
    again = (await service.client.post(f"{url}/cancel", headers=author.headers)).json()
    assert (again["outcome"], again["status"]) == ("already_finished", "cancelled")
    record = (await get(service, url, author)).json()
    assert (record["status"], record["endedBy"]) == ("cancelled", "user")
    assert record["prompts"][0]["attempts"][0]["output"] == "one two three "


async def test_an_administrator_stops_as_administrator_and_it_is_written_down(
    service: Service, author: Person, admin: Person
) -> None:
    assistant = await service.assistant(author, echo(model="scripted/slow-60000"))
    execution = await start(service, author, assistant)
    receipt = (await service.client.post(f"{LIST}/{execution}/cancel", headers=admin.headers)).json()
    assert receipt["outcome"] in ("stopped", "stopped_before_start")
    record = (await get(service, f"{LIST}/{execution}", admin)).json()
    assert record["endedBy"] == "admin"
    rows = [row for row in (await service.storage.audit.list(100)).items if row.target == execution]
    assert [(row.action, row.actor_id) for row in rows] == [
        ("execution.read", admin.user.id),
        ("execution.cancel", admin.user.id),
    ]
    assert all(row.request_id for row in rows)


async def test_only_a_finished_execution_can_be_removed(service: Service, author: Person) -> None:
    execution = await start(service, author, await service.assistant(author, echo(model="scripted/slow-60000")))
    url = f"{LIST}/{execution}"
    refused = await service.client.delete(url, headers=author.headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "execution_not_finished")
    await service.client.post(f"{url}/cancel", headers=author.headers)
    assert (await service.client.delete(url, headers=author.headers)).status_code == 204
    for answer in (await get(service, url, author), await get(service, f"{url}/events", author)):
        assert answer.status_code == 404


@pytest.mark.parametrize("tail", ["", "/events", "/cancel"])
async def test_what_does_not_exist_is_not_found(service: Service, author: Person, tail: str) -> None:
    for name in ("019a0000-0000-7000-8000-000000000000", "x", "%00", "ä" * 50):
        method = "POST" if tail == "/cancel" else "GET"
        answer = await service.client.request(method, f"{LIST}/{name}{tail}", headers=author.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

"""An execution run again: what it keeps, what it asks anew, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from app.db.records import AssistantRecord, AssistantStatus, UserRole
from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.types import PromptId
from tests.support.service import Event, Person, Service, events_in, running_service, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAIN = Definition(
    "Chain",
    fields=(InputField("topic", FieldType.SHORT_TEXT, "Topic", required=True),),
    prompts=(
        PromptDefinition(PromptId("final"), "Final", "${draft} and ${side} of ${topic}", "scripted/echo", 1),
        PromptDefinition(PromptId("draft"), "Draft", "draft of ${topic}", "scripted/reasoning", 0),
        PromptDefinition(PromptId("side"), "Side", "side of ${topic}", "scripted/echo", 0),
    ),
)


async def rerun(
    service: Service, person: Person, execution: str, body: object = None, **headers: str
) -> httpx.Response:
    url = f"/api/executions/{execution}/rerun"
    return await service.client.post(url, json=body or {}, headers=person.headers | headers)


async def events_of(service: Service, person: Person, execution: str) -> list[Event]:
    answer = await service.client.get(f"/api/executions/{execution}/events", headers=person.headers)
    return events_in(answer.content)


async def record_of(service: Service, person: Person, execution: str) -> dict[str, Any]:
    answer = await service.client.get(f"/api/executions/{execution}", headers=person.headers)
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


async def chain(service: Service, author: Person, definition: Definition = CHAIN) -> AssistantRecord:
    return await service.assistant(author, definition, AssistantStatus.DRAFT)


async def test_what_is_before_a_prompt_is_kept_and_shown_to_every_viewer(service: Service, author: Person) -> None:
    old = await service.run(author, await chain(service, author), topic="rain")
    answer = await rerun(service, author, old, {"fromPrompt": "final", "inputs": {"topic": "snow"}})
    started = answer.json()
    new = started["id"]
    assert (answer.status_code, answer.headers["location"]) == (202, f"/api/executions/{new}")
    assert (started["eventsUrl"], started["cancelUrl"]) == (
        f"/api/executions/{new}/events",
        f"/api/executions/{new}/cancel",
    )
    events = await events_of(service, author, new)
    assert [event.type for event in events[:3]] == ["execution.queued", "execution.started", "prompt.started"]
    assert text_of(events, "draft") == "draft of rain"
    assert text_of(events, "final") == "draft of rain and side of rain of snow"
    assert "Let me think. Done." in "".join(e.data["text"] for e in events if e.type == "prompt.reasoning")
    ends = {event.data["promptId"]: event.data for event in events if event.type == "prompt.finished"}
    assert {prompt: end.get("kept", False) for prompt, end in ends.items()} == {
        "draft": True,
        "side": True,
        "final": False,
    }
    assert "usage" not in ends["draft"]
    assert events[-1].data["usage"] == ends["final"]["usage"]


async def test_the_record_says_what_was_run_again_and_what_was_kept(service: Service, author: Person) -> None:
    old = await service.run(author, await chain(service, author), topic="rain")
    new = (await rerun(service, author, old, {"fromPrompt": "final"})).json()["id"]
    await events_of(service, author, new)
    before, after = await record_of(service, author, old), await record_of(service, author, new)
    assert (before["rerunOf"], after["rerunOf"]) == (None, old)
    assert (after["inputs"], after["version"], after["status"]) == ({"topic": "rain"}, 1, "completed")
    kept = {prompt["promptId"]: prompt["keptFrom"] for prompt in after["prompts"]}
    assert kept == {"draft": old, "side": old, "final": None}
    one, other = (record["prompts"][0]["attempts"][0] for record in (before, after))
    same = ("model", "provider", "messages", "output", "reasoning", "finishReason", "status")
    assert {name: one[name] for name in same} == {name: other[name] for name in same}
    assert other["usage"] is None
    assert after["usage"] == after["prompts"][2]["attempts"][0]["usage"]


async def test_without_a_prompt_everything_runs_again(service: Service, author: Person) -> None:
    old = await service.run(author, await chain(service, author), topic="rain")
    for body in ({"inputs": {"topic": "snow"}}, {"inputs": {"topic": "snow"}, "fromPrompt": "draft"}):
        new = (await rerun(service, author, old, body)).json()["id"]
        events = await events_of(service, author, new)
        assert text_of(events, "final") == "draft of snow and side of snow of snow"
        assert not any(event.data.get("kept") for event in events)


async def test_it_runs_the_version_it_ran_before(service: Service, author: Person) -> None:
    assistant = await chain(service, author)
    old = await service.run(author, assistant, topic="rain")
    prompts = (msgspec.structs.replace(CHAIN.prompts[0], content="all new"), *CHAIN.prompts[1:])
    await service.storage.assistants.change(
        assistant.id, msgspec.structs.replace(CHAIN, prompts=prompts), author.user.id
    )
    new = (await rerun(service, author, old)).json()["id"]
    await events_of(service, author, new)
    assert (await record_of(service, author, new))["version"] == 1


async def test_the_old_execution_may_go_before_the_new_one_is_read(service: Service, author: Person) -> None:
    old = await service.run(author, await chain(service, author), topic="rain")
    new = (await rerun(service, author, old, {"fromPrompt": "final"})).json()["id"]
    whole = await events_of(service, author, new)
    await service.client.delete(f"/api/executions/{old}", headers=author.headers)
    assert (await record_of(service, author, new))["rerunOf"] == old
    assert text_of(await events_of(service, author, new)) == text_of(whole)


async def test_every_problem_is_told_and_nothing_is_started(service: Service, author: Person) -> None:
    broken = (*CHAIN.prompts[:2], msgspec.structs.replace(CHAIN.prompts[2], model="scripted/fault-nothing"))
    failing = await chain(service, author, msgspec.structs.replace(CHAIN, prompts=broken))
    old = await service.run(author, failing, topic="rain")
    answer = await rerun(service, author, old, {"fromPrompt": "final", "inputs": {"wrong": 1}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    paths = [error["path"] for error in answer.json()["errors"]]
    assert paths[0] == "fromPrompt"
    assert len(paths) == 3
    unknown = await rerun(service, author, old, {"fromPrompt": "nowhere"})
    assert [error["path"] for error in unknown.json()["errors"]] == ["fromPrompt"]
    listed = await service.client.get("/api/executions", headers=author.headers)
    assert [item["id"] for item in listed.json()["items"]] == [old]


async def test_one_key_makes_one_rerun(service: Service, author: Person) -> None:
    old = await service.run(author, await chain(service, author), topic="rain")
    key = {"Idempotency-Key": "again"}
    first, second = [await rerun(service, author, old, {"fromPrompt": "final"}, **key) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    other = await rerun(service, author, old, {}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")


async def test_an_assistant_that_may_not_be_run_any_more_is_not_run_again(service: Service, author: Person) -> None:
    assistant, user = await service.assistant(author, CHAIN), await service.person(UserRole.USER)
    old = await service.run(user, assistant, topic="rain")
    await service.storage.assistants.set_status(assistant.id, AssistantStatus.DISABLED, (AssistantStatus.APPROVED,))
    answer = await rerun(service, user, old)
    assert (answer.status_code, answer.json()["code"]) == (409, "assistant_not_runnable")


async def test_what_was_emptied_is_gone(service: Service, author: Person) -> None:
    old = await service.run(author, await chain(service, author), topic="rain")
    while await service.storage.retention.remove_contents(-1000, 100):
        pass
    answer = await rerun(service, author, old, {"fromPrompt": "final"})
    assert (answer.status_code, answer.json()["code"]) == (410, "contents_removed")


async def test_an_administrator_s_rerun_is_the_administrator_s_and_written_down(
    service: Service, author: Person, admin: Person
) -> None:
    old = await service.run(author, await chain(service, author), topic="rain")
    new = (await rerun(service, admin, old)).json()["id"]
    assert (await record_of(service, admin, new))["principalId"] == admin.user.id
    rows = [row for row in (await service.storage.audit.list(100)).items if row.target == old]
    assert [(row.actor_id, row.action) for row in rows] == [(admin.user.id, "execution.rerun")]


async def test_a_rerun_is_a_start_to_the_limits(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running_service(tmp_path_factory.mktemp("limits"), rate_limit_starts="2/minute") as service:
        ada = await service.person()
        old = await service.run(ada, await chain(service, ada), topic="rain")
        assert (await rerun(service, ada, old)).status_code == 202
        limited = await rerun(service, ada, old)
        assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")

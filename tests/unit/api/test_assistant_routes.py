"""Assistants: made, listed, read, changed, reviewed, removed; previews; files in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.db.records import AssistantStatus
from tests.support.service import Person, Service, as_json, echo

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "/api/assistants"
ORIGIN_FILE = Path(__file__).parents[2] / "support" / "assistants-export.json"


async def ask(service: Service, person: Person, method: str, url: str = URL, **more: Any) -> httpx.Response:
    return await service.client.request(method, url, headers=person.headers | more.pop("headers", {}), **more)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_new_assistant_is_a_draft_that_can_be_read_by_id_and_by_slug(service: Service, author: Person) -> None:
    made = await ask(service, author, "POST", json=as_json(echo("A Fresh Idea")))
    assistant = made.json()
    assert (made.status_code, made.headers["location"]) == (201, f"{URL}/{assistant['id']}")
    assert (assistant["status"], assistant["version"], assistant["slug"]) == ("draft", 1, "a-fresh-idea")
    for name in (assistant["id"], assistant["slug"]):
        assert (await ask(service, author, "GET", f"{URL}/{name}")).json() == assistant


async def test_a_definition_with_problems_is_refused_with_all_of_them(service: Service, author: Person) -> None:
    wrong = as_json(echo()) | {"name": "x", "fields": [{"name": "Ä", "type": "colour"}], "colour": 1}
    wrong["prompts"][0]["content"] = "Say ${nothing}"
    answer = await ask(service, author, "POST", json=wrong)
    assert code(answer) == (422, "invalid_definition")
    paths = {error["path"] for error in answer.json()["errors"]}
    assert {"name", "fields[0].name", "fields[0].type", "colour"} <= paths


async def test_models_that_are_not_here_are_named(service: Service, author: Person) -> None:
    answer = await ask(service, author, "POST", json=as_json(echo(model="openai/gpt-5")))
    assert code(answer) == (422, "invalid_definition")
    assert [error["path"] for error in answer.json()["errors"]] == ["prompts[0].model"]


async def test_a_body_that_is_no_json_is_told_apart(service: Service, author: Person) -> None:
    assert code(await ask(service, author, "POST", content=b"{")) == (400, "malformed_json")
    assert code(await ask(service, author, "POST", json=[])) == (422, "invalid_definition")


async def test_only_authors_make_assistants(service: Service, user: Person) -> None:
    assert (await ask(service, user, "POST", json=as_json(echo()))).status_code == 403


async def test_the_list_shows_approved_ones_and_own_ones(
    service: Service, author: Person, user: Person, admin: Person
) -> None:
    draft = await service.assistant(author, echo("Draft of mine"), AssistantStatus.DRAFT)
    shown = await service.assistant(author, echo("For everybody"))

    async def ids(person: Person) -> set[str]:
        return {item["id"] for item in (await ask(service, person, "GET", params={"limit": 100})).json()["items"]}

    assert {draft.id, shown.id} <= await ids(author)
    assert {draft.id, shown.id} <= await ids(admin)
    assert shown.id in await ids(user)
    assert draft.id not in await ids(user)


async def test_a_change_is_a_new_version_and_waits_for_approval(service: Service, author: Person) -> None:
    assistant = await service.assistant(author)
    answer = await ask(service, author, "PUT", f"{URL}/{assistant.id}", json=as_json(echo(content="Sing ${topic}")))
    changed = answer.json()
    assert (changed["version"], changed["status"]) == (2, "pending_approval")
    versions = (await ask(service, author, "GET", f"{URL}/{assistant.id}/versions")).json()["items"]
    assert [version["number"] for version in versions] == [2, 1]
    first = (await ask(service, author, "GET", f"{URL}/{assistant.id}/versions/1")).json()
    assert first["definition"]["prompts"][0]["content"] == "Say ${topic}"
    assert (await ask(service, author, "GET", f"{URL}/{assistant.id}/versions/3")).status_code == 404


async def test_who_says_what_a_change_builds_on_passes_over_nobody(service: Service, author: Person) -> None:
    url = f"{URL}/{(await service.assistant(author)).id}"
    body = as_json(echo(content="Sing ${topic}"))

    async def change(if_match: str) -> httpx.Response:
        headers = {**author.headers, "If-Match": if_match}
        return await service.client.put(url, json=body, headers=headers)

    seen = await ask(service, author, "GET", url)
    assert seen.headers["ETag"] == '"1"'
    changed = await change(seen.headers["ETag"])
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    refused = await change('"1"')
    assert code(refused) == (412, "version_conflict")
    assert f"{author.user.name or author.user.email} saved version 2" in refused.json()["detail"]
    for wrong in ("2", 'W/"2"', '"two"', '"1", 2', ""):
        assert code(await change(wrong)) == (400, "invalid_request"), wrong
    assert (await ask(service, author, "GET", url)).json()["version"] == 2
    assert (await change('"1", "2"')).json()["version"] == 3
    assert (await change("*")).json()["version"] == 4
    assert (await ask(service, author, "PUT", url, json=body)).json()["version"] == 5


async def test_a_change_with_problems_changes_nothing(service: Service, author: Person) -> None:
    assistant = await service.assistant(author)
    assert (await ask(service, author, "PUT", f"{URL}/{assistant.id}", json={"name": "x"})).status_code == 422
    assert (await ask(service, author, "GET", f"{URL}/{assistant.id}")).json()["version"] == 1


@pytest.mark.parametrize(("method", "body"), [("PUT", as_json(echo())), ("DELETE", None)])
async def test_what_one_may_only_see_one_may_not_change(
    service: Service, author: Person, user: Person, admin: Person, method: str, body: object
) -> None:
    other = await service.person(author.user.role)
    shown = await service.assistant(author)
    hidden = await service.assistant(author, status=AssistantStatus.DRAFT)
    assert (await ask(service, other, method, f"{URL}/{shown.id}", json=body)).status_code == 403
    assert (await ask(service, other, method, f"{URL}/{hidden.id}", json=body)).status_code == 404
    assert (await ask(service, user, method, f"{URL}/{hidden.id}", json=body)).status_code == 403
    assert (await ask(service, admin, method, f"{URL}/{hidden.id}", json=body)).status_code in (200, 204)


async def test_an_assistant_with_a_live_execution_stays(service: Service, author: Person) -> None:
    assistant = await service.assistant(author, echo(model="scripted/slow-60000"))
    body = {"assistantId": assistant.id, "inputs": {"topic": "x"}}
    started = (await ask(service, author, "POST", "/api/executions", json=body)).json()
    assert code(await ask(service, author, "DELETE", f"{URL}/{assistant.id}")) == (409, "assistant_busy")
    await ask(service, author, "POST", started["cancelUrl"])
    assert (await ask(service, author, "DELETE", f"{URL}/{assistant.id}")).status_code == 204
    assert (await ask(service, author, "GET", f"{URL}/{assistant.id}")).status_code == 404


async def test_from_a_draft_to_everybody_and_back(
    service: Service, author: Person, admin: Person, user: Person
) -> None:
    assistant = await service.assistant(author, status=AssistantStatus.DRAFT)
    url = f"{URL}/{assistant.id}"
    assert (await ask(service, author, "POST", f"{url}/approve")).status_code == 403
    assert (await ask(service, author, "POST", f"{url}/submit")).json()["status"] == "pending_approval"
    assert code(await ask(service, author, "POST", f"{url}/submit")) == (409, "invalid_state")
    assert code(await ask(service, admin, "POST", f"{url}/reject", json={})) == (422, "invalid_input")
    rejected = (await ask(service, admin, "POST", f"{url}/reject", json={"reason": "Say please."})).json()
    assert (rejected["status"], rejected["rejectReason"]) == ("rejected", "Say please.")
    assert (await ask(service, author, "POST", f"{url}/submit")).json()["status"] == "pending_approval"
    assert (await ask(service, admin, "POST", f"{url}/approve")).json()["status"] == "approved"
    assert (await ask(service, user, "GET", url)).status_code == 200
    assert (await ask(service, admin, "POST", f"{url}/disable")).json()["status"] == "disabled"
    assert (await ask(service, user, "GET", url)).status_code == 404
    actions = [row.action for row in (await service.storage.audit.list(100)).items if row.target == assistant.id]
    moves = ("disable", "approve", "submit", "reject", "submit")
    assert actions == [f"assistant.{move}" for move in moves]


async def test_a_preview_renders_every_prompt_and_calls_no_model(service: Service, author: Person) -> None:
    definition = as_json(echo("Chain"))
    second = {"id": "second", "name": "Second", "position": 1, "content": "On ${answer}", "model": "scripted/echo"}
    definition["prompts"] = [*definition["prompts"], second]
    made = (await ask(service, author, "POST", json=definition)).json()
    answer = await ask(service, author, "POST", f"{URL}/{made['id']}/preview", json={"inputs": {"topic": "the sea"}})
    one, two = answer.json()["prompts"]
    assert one["messages"] == [{"role": "user", "content": "Say the sea"}]
    assert (one["names"], one["characters"], one["estimatedTokens"]) == (["topic"], 11, 3)
    assert two["messages"] == [{"role": "user", "content": "On [output of Answer]"}]
    assert (answer.json()["characters"], answer.json()["estimatedCost"]) == (11 + len("On [output of Answer]"), "0")
    assert (await ask(service, author, "GET", "/api/executions")).json()["items"] == []


async def test_a_preview_of_wrong_inputs_names_them(service: Service, author: Person) -> None:
    assistant = await service.assistant(author)
    answer = await ask(service, author, "POST", f"{URL}/{assistant.id}/preview", json={"inputs": {"x": 1}})
    assert {error["path"] for error in answer.json()["errors"]} == {"inputs.topic", "inputs.x"}


async def test_what_is_exported_can_be_imported_as_file_and_as_form(service: Service, admin: Person) -> None:
    assistant = await service.assistant(admin, echo("To travel"))
    exported = await ask(service, admin, "POST", f"{URL}/export", json={"ids": [assistant.slug]})
    assert exported.headers["content-disposition"].startswith('attachment; filename="assistants-export-')
    file = exported.content
    assert json.loads(file)["version"] == "1.0"
    raw = await ask(service, admin, "POST", f"{URL}/import", content=file)
    upload = {"file": ("x.json", file, "application/json")}
    form = await ask(service, admin, "POST", f"{URL}/import", files=upload)
    for answer in (raw, form):
        (taken,) = answer.json()["imported"]
        assert (answer.status_code, taken["name"], answer.json()["refused"]) == (200, "To travel", [])
        stored = (await ask(service, admin, "GET", f"{URL}/{taken['id']}")).json()
        assert (stored["status"], stored["definition"]["name"]) == ("pending_approval", "To travel")


async def test_an_import_takes_what_it_can_and_explains_the_rest(service: Service, admin: Person) -> None:
    good = {
        "name": "Good one",
        "prompts": [{"name": "A", "content": "Hello", "model_name": "scripted/echo", "position": 0}],
        "input_fields": [],
    }
    bad = {"name": "", "prompts": [{"name": "A", "content": "${x}", "model_name": "gpt-99"}], "input_fields": 7}
    file = {"version": "1.0", "assistants": [good, bad]}
    answer = await ask(service, admin, "POST", f"{URL}/import", json=file)
    assert [one["name"] for one in answer.json()["imported"]] == ["Good one"]
    (refused,) = answer.json()["refused"]
    assert refused["path"] == "assistants[1]"
    assert all(error["path"].startswith("assistants[1]") for error in refused["errors"])
    assert len(refused["errors"]) >= 2
    mapped = await ask(service, admin, "POST", f"{URL}/import", json=file | {"assistants": [bad]})
    assert code(mapped) == (422, "invalid_definition")


async def test_a_model_can_be_named_for_all_that_are_not_here(service: Service, admin: Person) -> None:
    file = ORIGIN_FILE.read_bytes()
    without = await ask(service, admin, "POST", f"{URL}/import", content=file)
    taken = await ask(service, admin, "POST", f"{URL}/import", content=file, params={"model": "scripted/echo"})
    imported = len(without.json().get("imported", []))
    assert len(taken.json()["imported"]) > imported


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"{", 422, "invalid_definition"),
        (b'{"version":"2.0","assistants":[]}', 422, "invalid_definition"),
    ],
    ids=["no JSON", "another version"],
)
async def test_a_file_that_is_none_is_refused(
    service: Service, admin: Person, content: bytes, status: int, said: str
) -> None:
    assert code(await ask(service, admin, "POST", f"{URL}/import", content=content)) == (status, said)


async def test_a_file_that_is_too_large_is_refused_before_it_is_sent(service: Service, admin: Person) -> None:
    reader, writer = await service.server.connect()
    head = f"POST {URL}/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.key}\r\nContent-Length: 11534336\r\n\r\n"
    writer.write(head.encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_a_form_without_a_file_is_refused(service: Service, admin: Person) -> None:
    answer = await ask(service, admin, "POST", f"{URL}/import", files={"other": (None, "text")})
    assert code(answer) == (400, "invalid_request")


async def test_imports_are_for_administrators(service: Service, author: Person) -> None:
    assert (await ask(service, author, "POST", f"{URL}/import", json={})).status_code == 403


async def test_an_export_takes_all_or_nothing(service: Service, author: Person) -> None:
    mine = await service.assistant(author)
    theirs = await service.assistant(await service.person(), status=AssistantStatus.DRAFT)
    answer = await ask(service, author, "POST", f"{URL}/export", json={"ids": [mine.id, theirs.id, "nobody"]})
    assert code(answer) == (404, "not_found")
    assert [error["path"] for error in answer.json()["errors"]] == ["ids[1]", "ids[2]"]
    assert code(await ask(service, author, "POST", f"{URL}/export", json={"ids": []})) == (422, "invalid_input")

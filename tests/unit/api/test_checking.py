"""A definition while it is being written: its problems, its warnings, the names each prompt may use; a preview of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.service import Person, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELD = {"name": "topic", "type": "short_text", "label": "Topic"}
DRAFT = {"name": "First draft", "content": "About ${topic}", "model": "scripted/echo", "position": 0}
FINAL = {
    "id": "final",
    "name": "Final",
    "content": "Improve ${text}",
    "model": "scripted/echo",
    "position": 1,
    "inputMapping": {"text": "first-draft"},
}
WHOLE = {"name": "Writer", "fields": [FIELD], "prompts": [DRAFT, FINAL]}


async def post(service: Service, person: Person, path: str, body: object) -> httpx.Response:
    return await service.client.post(f"/api/assistants/{path}", json=body, headers=person.headers)


async def check(service: Service, person: Person, **changes: object) -> Any:
    answer = await post(service, person, "check", {"definition": WHOLE | changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(answer: Any) -> list[tuple[str, str, str]]:
    return [(problem["severity"], problem["path"], problem["code"]) for problem in answer["problems"]]


async def test_a_sound_definition_has_no_problem_and_each_prompt_its_names(service: Service, author: Person) -> None:
    answer = await check(service, author)
    assert answer["problems"] == []
    first, second = answer["names"]
    topic = {"name": "topic", "kind": "input", "from": "topic"}
    assert first == {"path": "prompts[0]", "names": [topic]}
    output = {"kind": "prompt", "from": "prompts[0]"}
    assert second == {
        "path": "prompts[1]",
        "names": [
            {"name": "text", "kind": "mapping", "from": "prompts[0]"},
            topic,
            *({"name": name} | output for name in ("first-draft", "prompt_0_output", "result_1")),
        ],
    }


async def test_what_nobody_uses_is_a_warning(service: Service, author: Person) -> None:
    lonely = FINAL | {"content": "Say something"}
    answer = await check(service, author, fields=[FIELD, FIELD | {"name": "mood"}], prompts=[DRAFT, lonely])
    assert told(answer) == [
        ("warning", "prompts[1].inputMapping.text", "unused_mapping"),
        ("warning", "prompts[0]", "unused_output"),
        ("warning", "fields[1]", "unused_field"),
    ]


async def test_errors_name_the_line_and_the_names_stay_known(service: Service, author: Person) -> None:
    wrong = DRAFT | {"content": "One\ntwo ${ghost}", "model": "nowhere/at-all"}
    answer = await check(service, author, name="", prompts=[wrong, FINAL])
    assert told(answer) == [
        ("error", "name", "missing"),
        ("error", "prompts[0].content", "template_unknown_name"),
        ("error", "prompts[0].model", "unknown_provider"),
    ]
    assert [problem["line"] for problem in answer["problems"]] == [None, 2, None]
    assert len(answer["names"][1]["names"]) == 5


async def test_everything_creation_refuses_is_told_and_nothing_is_stored(service: Service, author: Person) -> None:
    broken = {"name": "x", "fields": [{"name": "A b"}], "prompts": [{"name": "p", "content": "{{"}], "extra": 1}
    refused = await service.client.post("/api/assistants", json=broken, headers=author.headers)
    answer = await post(service, author, "check", {"definition": broken})
    paths = [problem["path"] for problem in answer.json()["problems"]]
    assert {error["path"] for error in refused.json()["errors"]} <= set(paths)
    listed = await service.client.get("/api/assistants", params={"limit": 100}, headers=author.headers)
    assert author.user.id not in [item["ownerId"] for item in listed.json()["items"]]


@pytest.mark.parametrize("definition", [None, 1, [], {}, {"prompts": [1, {}]}, {"prompts": 7, "fields": {}}])
async def test_any_json_gets_an_answer(service: Service, author: Person, definition: object) -> None:
    answer = await post(service, author, "check", {"definition": definition})
    assert (answer.status_code, bool(answer.json()["problems"])) == (200, True)


async def test_an_unsaved_definition_is_previewed(service: Service, author: Person) -> None:
    answer = await post(service, author, "preview", {"definition": WHOLE, "inputs": {"topic": "rain"}})
    assert answer.status_code == 200, answer.text
    draft, final = answer.json()["prompts"]
    assert draft["messages"] == [{"role": "user", "content": "About rain"}]
    assert final["messages"] == [{"role": "user", "content": "Improve [output of First draft]"}]
    assert (answer.json()["estimatedCost"], draft["estimatedCost"]) == ("0", "0")
    assert answer.json()["estimatedTokens"] > 0


async def test_a_preview_of_what_could_not_be_saved_says_why(service: Service, author: Person) -> None:
    answer = await post(service, author, "preview", {"definition": WHOLE | {"name": ""}, "inputs": {"topic": "rain"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_definition")
    wrong = await post(service, author, "preview", {"definition": WHOLE, "inputs": {"else": 1}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_input")

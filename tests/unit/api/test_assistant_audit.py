"""Whatever changes an assistant, and every look of an administrator at another's draft, is written down."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.records import AssistantStatus
from tests.support.origin_file import SAMPLE
from tests.support.service import Person, Service, as_json, echo

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "/api/assistants"


async def ask(service: Service, person: Person, method: str, url: str, **more: Any) -> Any:
    answer = await service.client.request(method, url, headers=person.headers, **more)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content and answer.headers["content-type"] == "application/json" else None


async def noted(service: Service, assistant: str) -> list[tuple[str, str | None]]:
    """Actions and actors, the oldest first; each with the id of its request."""
    rows = [row for row in (await service.storage.audit.list(100)).items if row.target == assistant]
    assert all(row.request_id for row in rows)
    return [(row.action, row.actor_id) for row in reversed(rows)]


async def test_every_change_of_an_assistant_is_written_down(service: Service, author: Person, admin: Person) -> None:
    made = (await ask(service, author, "POST", URL, json=as_json(echo())))["id"]
    await ask(service, author, "PUT", f"{URL}/{made}", json=as_json(echo(content="Tell ${topic}")))
    await ask(service, author, "POST", f"{URL}/{made}/submit")
    await ask(service, admin, "POST", f"{URL}/{made}/approve")
    await ask(service, author, "DELETE", f"{URL}/{made}")
    ada, root = author.user.id, admin.user.id
    assert await noted(service, made) == [
        ("assistant.create", ada),
        ("assistant.change", ada),
        ("assistant.submit", ada),
        ("assistant.approve", root),
        ("assistant.delete", ada),
    ]


async def test_an_administrator_s_look_at_another_s_draft_is_written_down(
    service: Service, author: Person, admin: Person
) -> None:
    draft = await service.assistant(author, status=AssistantStatus.DRAFT)
    looks = ("GET", ""), ("GET", "/versions/1"), ("POST", "/preview")
    for person in (author, admin):
        for method, path in looks:
            body = {"inputs": {"topic": "x"}} if method == "POST" else None
            await ask(service, person, method, f"{URL}/{draft.id}{path}", json=body)
        await ask(service, person, "POST", f"{URL}/export", json={"ids": [draft.id]})
    root = admin.user.id
    assert await noted(service, draft.id) == [("assistant.read", root)] * 3 + [("assistant.export", root)]


async def test_what_everybody_may_see_is_no_look_into_somebody_s_things(
    service: Service, author: Person, admin: Person
) -> None:
    approved = await service.assistant(author)
    await ask(service, admin, "GET", f"{URL}/{approved.id}")
    assert await noted(service, approved.id) == []


async def test_each_imported_assistant_is_written_down(service: Service, admin: Person) -> None:
    answer = await ask(service, admin, "POST", f"{URL}/import?model=scripted/echo", content=SAMPLE)
    for taken in answer["imported"]:
        assert await noted(service, taken["id"]) == [("assistant.import", admin.user.id)]
    assert answer["imported"]

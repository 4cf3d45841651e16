"""The pages of authors as they are sent: who may see them, what is in them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from app.db.records import AssistantStatus, UserRole
from tests.support.service import Browser, Person, Service, echo, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")
MARKUP = '</script><script>alert(1)</script>"&'
HTML = {"Accept": "text/html"}


class Visitor(NamedTuple):
    person: Person
    browser: Browser

    async def see(self, path: str) -> tuple[int, str]:
        answer = await self.browser.client.get(path, headers=HTML)
        return answer.status_code, answer.text


class People(NamedTuple):
    service: Service
    user: Visitor
    author: Visitor
    other: Visitor
    admin: Visitor


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with running_service(tmp_path_factory.mktemp("authoring")) as service:
        visitors = []
        for role in (UserRole.USER, UserRole.AUTHOR, UserRole.AUTHOR, UserRole.ADMIN):
            person, browser = await service.person_with_password(role), service.browser()
            await browser.sign_in(person)
            visitors.append(Visitor(person, browser))
        yield People(service, *visitors)


def start_of(page: str) -> dict[str, Any]:
    """What the editor starts from."""
    found = re.search(r'<script type="application/json" id="start">(.*?)</script>', page, re.DOTALL)
    assert found
    start: dict[str, Any] = json.loads(found[1])
    return start


@pytest.mark.parametrize("path", ["/assistants", "/assistants/new"])
async def test_pages_of_authors_are_not_for_users(people: People, path: str) -> None:
    assert (await people.user.see(path))[0] == 403
    assert (await people.author.see(path))[0] == 200


@pytest.mark.parametrize("page", ["edit", "versions"])
async def test_another_author_s_draft_and_nothing_at_all_look_the_same(people: People, page: str) -> None:
    made = await people.service.assistant(people.author.person, echo(name="Secret"), AssistantStatus.DRAFT)
    assert (await people.author.see(f"/assistants/{made.slug}/{page}"))[0] == 200
    foreign, absent = [await people.other.see(f"/assistants/{name}/{page}") for name in (made.id, "nowhere")]
    assert (foreign[0], absent[0]) == (404, 404)
    assert "Secret" not in foreign[1]
    approved = await people.service.assistant(people.author.person, echo(name="Public"))
    assert (await people.other.see(f"/assistants/{approved.slug}/{page}"))[0] == 403


async def test_an_administrator_s_look_at_another_s_assistant_is_written_down(people: People) -> None:
    made = await people.service.assistant(people.author.person, echo(), AssistantStatus.DRAFT)
    for path in ("edit", "versions"):
        assert (await people.admin.see(f"/assistants/{made.id}/{path}"))[0] == 200
    rows = (await people.service.storage.audit.list(100)).items
    assert [row.action for row in rows if row.target == made.id] == ["assistant.read", "assistant.read"]


async def test_the_list_is_one_s_own_and_for_administrators_everybody_s_if_they_ask(people: People) -> None:
    await people.service.assistant(people.other.person, echo(name="Of another author"), AssistantStatus.REJECTED)
    assert "Of another author" in (await people.other.see("/assistants"))[1]
    assert "Of another author" in (await people.other.see("/assistants?status=rejected"))[1]
    assert "Of another author" not in (await people.other.see("/assistants?status=approved"))[1]
    for path in ("/assistants", "/assistants?whose=all"):
        assert "Of another author" not in (await people.author.see(path))[1]
    assert "Of another author" not in (await people.admin.see("/assistants"))[1]
    page = (await people.admin.see("/assistants?whose=all&status=nonsense"))[1]
    assert "Of another author" in page
    assert people.other.person.user.email in page


async def test_a_long_list_goes_on_and_keeps_what_was_chosen(people: People) -> None:
    person, browser = await people.service.person_with_password(UserRole.AUTHOR), people.service.browser()
    await browser.sign_in(person)
    for number in range(51):
        await people.service.assistant(person, echo(name=f"Number {number:02d}"), AssistantStatus.DRAFT)
    first = await browser.client.get("/assistants?status=draft", headers=HTML)
    onward = re.search(r'href="(/assistants\?[^"]*)" rel="next"', first.text)
    assert onward
    second = await browser.client.get(html.unescape(onward[1]), headers=HTML)
    assert "status=draft" in onward[1]
    assert re.findall(r"Number \d\d(?=</a>)", second.text) == ["Number 00"]
    assert len(re.findall(r"Number \d\d(?=</a>)", first.text)) == 50
    assert (await browser.client.get("/assistants?cursor=nonsense", headers=HTML)).status_code == 400


async def test_what_an_author_writes_does_not_break_out_of_the_page(people: People) -> None:
    definition = echo(name=f"Name {MARKUP}", description=MARKUP, content=f"{MARKUP} ${{topic}}")
    made = await people.service.assistant(people.author.person, definition, AssistantStatus.DRAFT)
    for path in ("/assistants", f"/assistants/{made.slug}/edit", f"/assistants/{made.slug}/versions"):
        page = (await people.author.see(path))[1]
        assert "alert(1)</script>" not in page
        assert not re.search(r"\son\w+=|\sstyle=|<style", page)
    start = start_of((await people.author.see(f"/assistants/{made.slug}/edit"))[1])
    assert start["assistant"]["name"] == f"Name {MARKUP}"
    assert start["assistant"]["definition"]["prompts"][0]["content"] == f"{MARKUP} ${{topic}}"


async def test_the_editor_knows_the_models_there_are(people: People) -> None:
    start = start_of((await people.author.see("/assistants/new"))[1])
    assert (start["assistant"], start["providers"]) == (None, ["scripted"])


async def test_two_versions_are_compared_and_one_that_is_not_there_is_not(people: People) -> None:
    made = await people.service.assistant(people.author.person, echo(content="Say ${topic}"), AssistantStatus.DRAFT)
    await people.service.storage.assistants.change(made.id, echo(content="Sing ${topic}"), people.author.person.user.id)
    path = f"/assistants/{made.slug}/versions"
    page = (await people.author.see(path))[1]
    assert "Version 1 compared with version 2" in page
    assert re.search(r"<del>.*<b>Say </b>", page)
    assert re.search(r"<ins>.*<b>Sing </b>", page)
    assert "<del>" not in (await people.author.see(f"{path}?before=2&after=2"))[1]
    assert "Version 1 compared with version 2" in (await people.author.see(f"{path}?before=x&after=-1"))[1]
    assert (await people.author.see(f"{path}?after=7"))[0] == 404

"""The pages of runs as HTML: whose they are, what they hold without a script, how they refuse."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from app.db.records import AssistantRecord, AssistantStatus, UserRole
from app.web.runs.chain import policy_in_words
from lib.streaming.definition import Choice, Definition, FieldOptions, FieldType, InputField, PromptDefinition
from lib.streaming.types import PromptId
from tests.support.service import Browser, Person, Service, echo, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "</textarea><script>alert(1)</script>\"'"
PERMITTED_SCRIPTS = re.compile(r"<script (type=\"module\" )?src=\"/static/[0-9a-f]+/[\w/.-]+\"( defer)?></script>")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def author(service: Service) -> Person:
    return await service.person(UserRole.AUTHOR)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def assistant(service: Service, author: Person) -> AssistantRecord:
    return await service.assistant(author, echo(name="Echo"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def person(service: Service) -> Person:
    return await service.person_with_password()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(service: Service, person: Person) -> Browser:
    browser = service.browser()
    await browser.sign_in(person)
    browser.client.headers["Accept"] = "text/html"
    return browser


async def test_a_form_holds_what_an_author_wrote_as_text_and_nothing_inline(
    service: Service, author: Person, browser: Browser
) -> None:
    options = FieldOptions(default=HOSTILE, placeholder=HOSTILE, max_length=500)
    choices = FieldOptions(choices=(Choice(HOSTILE, HOSTILE), Choice("b", "B")), min_selections=1, max_selections=2)
    fields = (
        InputField("short", FieldType.SHORT_TEXT, HOSTILE, True, options),
        InputField("long", FieldType.LONG_TEXT, options=options),
        InputField("one", FieldType.SELECT, options=choices),
        InputField("some", FieldType.MULTI_SELECT, options=choices),
        InputField("file", FieldType.FILE_UPLOAD, options=FieldOptions(accept=HOSTILE, max_size=2_500_000)),
    )
    prompt = PromptDefinition(PromptId("p"), HOSTILE, "${short}", "scripted/echo")
    made = await service.assistant(author, Definition(HOSTILE, HOSTILE, fields, (prompt,)))
    page = await browser.ask("GET", f"/assistants/{made.slug}/run")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert PERMITTED_SCRIPTS.sub("", page.text).count("<script") == 0
    assert not re.search(r"\sstyle=|\son\w+=|<style", page.text)
    assert "Choose 1 to 2." in page.text
    assert "at most 2.5 MB each" in page.text


async def test_what_somebody_may_not_see_is_not_there(service: Service, author: Person, browser: Browser) -> None:
    draft = await service.assistant(author, echo(name="Draft"), AssistantStatus.DRAFT)
    run = await service.run(author, draft, topic="x")
    for path in (
        f"/assistants/{draft.slug}/run",
        "/assistants/nowhere/run",
        *(f"/runs/{one}{part}" for one in (run, "nowhere") for part in ("", "/markdown", "/json")),
    ):
        assert (await browser.ask("GET", path)).status_code == 404, path
    assert (await browser.ask("DELETE", f"/runs/{run}")).status_code == 404


async def test_a_run_is_there_before_any_script(
    service: Service, person: Person, assistant: AssistantRecord, browser: Browser
) -> None:
    run = await service.run(person, assistant, topic="the sea")
    page = await browser.ask("GET", f"/runs/{run}")
    assert re.search(r"<title>\s*Completed: Echo · ", page.text)
    assert 'data-status="completed"' in page.text
    assert "the sea" in page.text
    assert f'href="/runs/{run}/markdown"' in page.text
    file = await browser.ask("GET", f"/runs/{run}/markdown")
    assert file.text == "# Echo\n\n## Answer\n\nSay the sea\n"
    assert file.headers["content-disposition"] == f'attachment; filename="run-{run}.md"'
    record = await browser.ask("GET", f"/runs/{run}/json")
    shown = await service.client.get(f"/api/executions/{run}", headers=person.headers)
    assert record.json() == shown.json()


async def test_a_run_without_its_contents_says_so_and_asks_for_no_events(
    service: Service, person: Person, assistant: AssistantRecord, browser: Browser
) -> None:
    run = await service.run(person, assistant, topic="the sea")
    await service.storage.retention.remove_contents(-1, 1000)
    page = await browser.ask("GET", f"/runs/{run}")
    assert "and then removed" in page.text
    assert "data-events" not in page.text
    assert "the sea" not in page.text
    assert 'id="rerun"' not in page.text


async def test_a_live_run_is_not_deleted(service: Service, author: Person, person: Person, browser: Browser) -> None:
    slow = await service.assistant(author, echo(name="Slow", content="${topic}", model="scripted/slow-900"))
    body = {"assistantId": slow.id, "inputs": {"topic": "a b c d e f g h i j k l"}}
    started = await service.client.post("/api/executions", json=body, headers=person.headers)
    run = started.json()["id"]
    refused = await browser.ask("DELETE", f"/runs/{run}", headers={"HX-Request": "true"})
    assert refused.status_code == 409
    assert "execution_not_finished" in refused.text
    history = await browser.ask("GET", "/runs")
    assert 'hx-trigger="every 3s"' in history.text
    await service.client.post(f"/api/executions/{run}/cancel", headers=person.headers)
    assert 'hx-trigger="every 3s"' not in (await browser.ask("GET", "/runs")).text
    assert (await browser.ask("DELETE", f"/runs/{run}", headers={"HX-Request": "true"})).status_code == 200
    assert (await browser.ask("GET", f"/runs/{run}")).status_code == 404


@pytest.mark.parametrize("query", ["status=odd", "from=yesterday", "to=0001-01-01", "to=9999-12-31", "cursor=odd"])
async def test_a_filter_that_means_nothing_is_refused_in_words(browser: Browser, query: str) -> None:
    page = await browser.ask("GET", f"/runs?{query}")
    assert page.status_code == 400
    assert "invalid_" in page.text


async def test_both_ends_of_the_days_are_included(
    service: Service, person: Person, assistant: AssistantRecord, browser: Browser
) -> None:
    await service.run(person, assistant, topic="x")
    run = (await service.storage.executions.list(person.user.id, 1)).items[0]
    day = re.sub("T.*", "", (await browser.ask("GET", f"/runs/{run.id}/json")).json()["createdAt"])
    assert run.id in (await browser.ask("GET", f"/runs?from={day}&to={day}&status=completed")).text
    assert run.id not in (await browser.ask("GET", f"/runs?from={day}&to={day}&status=failed")).text


async def test_lists_are_paged_by_links_that_keep_their_filters(
    service: Service, author: Person, browser: Browser
) -> None:
    for number in range(30):
        await service.assistant(author, echo(name=f"Paged {number}"))
    seen: list[str] = []
    path: str | None = "/?q=paged"
    while path:
        page = (await browser.ask("GET", path)).text
        seen += re.findall(r'href="/assistants/(paged-\d+)/run"', page)
        following = next(_links(page), None)
        path = following.replace("&amp;", "&") if following else None
    assert sorted(seen) == sorted(f"paged-{number}" for number in range(30))


def _links(page: str) -> Iterator[str]:
    return (found[1] for found in re.finditer(r'<a class="button" href="([^"]+)">Next</a>', page))


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("continue", "You may leave"),
        ("cancel", "stops when nobody watches"),
        ("finish_prompt", "after the prompt it is at"),
        ("grace:45", "for 45 seconds"),
    ],
)
async def test_a_policy_in_words(policy: str, words: str) -> None:
    assert words in policy_in_words(policy)

"""The page in a real browser, against a server that is a process of its own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import FilePayload, Page, Route, expect

from lib.streaming.definition import Definition
from tests.support.chromium import Visit, browsing, visiting
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node, running_node
from tests.support.service import as_json, echo
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

MARKUP = '<img src="/x.png" onerror="alert(1)"><script>document.title = "broken in"</script> <b>&amp;</b>'
WORDS = " ".join(f"word{number}" for number in range(60))
LOCAL_MODEL_SECONDS = 150.0


@asynccontextmanager
async def signed_in(
    data_dir: Path, wait_seconds: float = 45, **environment: str
) -> AsyncIterator[tuple[Node, Visit, httpx.AsyncClient]]:
    """A node, a browser that came through the one-time link, and the API as the same person."""
    headers = {"Authorization": f"Bearer {TEST_API_KEY}"}
    async with (
        browsing() as browser,
        running_node(data_dir, AA_BOOTSTRAP_API_KEY=TEST_API_KEY, **environment) as node,
        httpx.AsyncClient(base_url=node.base_url, headers=headers, timeout=30) as api,
        visiting(browser, node.base_url, wait_seconds) as visit,
    ):
        await follow_link(node, visit.page)
        node.secrets += [cookie["value"] for cookie in await visit.page.context.cookies()]
        yield node, visit, api


async def follow_link(node: Node, page: Page) -> None:
    await until(lambda: "sign-in#" in node.log(), 10)
    link = re.search(r"http://\S+/sign-in#token=\w+", node.log())
    assert link
    await page.goto(link[0])
    await page.get_by_role("button", name="Sign in").first.click()
    await page.locator("#assistant").wait_for()


async def create(api: httpx.AsyncClient, definition: Definition) -> None:
    answer = await api.post("/api/assistants", json=as_json(definition))
    assert answer.status_code == 201, answer.text


async def start(page: Page, assistant: str, label: str, text: str) -> None:
    option = page.locator("#assistant option").filter(has_text=assistant)
    await page.get_by_label("Assistant").select_option(value=await option.get_attribute("value"))
    await page.get_by_label(label).fill(text)
    await page.get_by_role("button", name="Run").click()
    await page.wait_for_url("**/#run=*")


async def record_of(api: httpx.AsyncClient, page: Page) -> dict[str, Any]:
    """The run that the page shows, as the API has it."""
    answer = await api.get(f"/api/executions/{page.url.partition('#run=')[2]}")
    record: dict[str, Any] = answer.raise_for_status().json()
    return record


def outputs(record: dict[str, Any]) -> list[str]:
    return [prompt["attempts"][-1]["output"] for prompt in record["prompts"] if prompt["attempts"]]


async def shown(page: Page) -> list[str]:
    return await page.locator("#prompts pre").all_text_contents()


async def text_arrives(page: Page, characters: int = 20) -> None:
    await page.wait_for_function(
        "least => (document.querySelector('#prompts pre')?.textContent ?? '').length >= least", arg=characters
    )


async def state(page: Page, text: str) -> None:
    await page.locator("#state").filter(has_text=text).wait_for()


@pytest.mark.local_model
async def test_three_steps_on_a_real_model_survive_a_reload_and_a_second_run_is_stopped(tmp_path: Path) -> None:
    async with signed_in(tmp_path, wait_seconds=LOCAL_MODEL_SECONDS, AA_LOCAL_MODEL="auto") as (_, visit, api):
        page = visit.page
        await start(page, "Article in three steps", "What is the article about?", "volcanoes")
        await text_arrives(page)
        await expect(page.locator("#state")).to_contain_text("Prompt 1 of 3")
        await page.reload()
        await state(page, "Completed after")
        record = await record_of(api, page)
        assert record["status"] == "completed"
        assert {attempt["provider"] for prompt in record["prompts"] for attempt in prompt["attempts"]} == {"local"}
        assert await shown(page) == outputs(record)
        assert all(len(text) > 10 for text in outputs(record))
        await expect(page.get_by_role("button", name="Stop")).to_be_hidden()

        first = page.url
        await page.get_by_label("What is the article about?").fill("bread")
        await page.get_by_role("button", name="Run").click()
        await page.wait_for_url(lambda url: url != first)
        await text_arrives(page)
        await page.get_by_role("button", name="Stop").click()
        await page.locator("#receipt").filter(has_text="Stopped after").wait_for()
        await state(page, "Stopped after")
        record = await record_of(api, page)
        assert record["status"] == "cancelled"
        assert await page.locator("#prompts h3 .name").all_text_contents() == ["Text", "Summary", "Title"]
        assert (await shown(page))[:1] == outputs(record)[:1]
        assert not any((await shown(page))[1:])
        kept = len(outputs(record)[0])
        await expect(page.locator("#receipt")).to_contain_text(f"{kept} characters")
        assert (visit.errors, visit.foreign) == ([], [])


async def test_what_a_model_or_an_author_writes_stays_text(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, visit, api):
        page = visit.page
        await create(api, echo(name=f"Echo {MARKUP}", description=MARKUP, content=f"{MARKUP} ${{topic}}"))
        await page.reload()
        await start(page, f"Echo {MARKUP}", "Topic", MARKUP)
        await state(page, "Completed after")
        assert await shown(page) == outputs(await record_of(api, page)) == [f"{MARKUP} {MARKUP}"]
        assert await page.locator("#description").text_content() == MARKUP
        assert await page.locator("main :is(img, script, b)").count() == 0
        assert await page.title() != "broken in"
        assert (visit.errors, visit.foreign) == ([], [])


async def test_a_form_that_comes_late_takes_nothing_away_that_was_typed(tmp_path: Path) -> None:
    """A slow answer about the assistant arrives when the form is filled in already, or another one is shown."""
    late: list[Route] = []
    slow = True

    async def held(route: Route) -> None:
        if slow:
            late.append(route)
        else:
            await route.continue_()

    async with signed_in(tmp_path) as (_, visit, api):
        page = visit.page
        await create(api, echo(name="First", content="first ${topic}"))
        await create(api, echo(name="Second", content="second ${topic}"))
        await page.reload()
        choose, topic = page.get_by_label("Assistant"), page.get_by_label("Topic")
        await topic.fill("typed at once")
        await page.route("**/api/assistants/*", held)
        await choose.dispatch_event("change")
        await choose.select_option(label="First (draft)")
        slow = False
        async with page.expect_response("**/api/assistants/*") as answered:
            await choose.select_option(label="Second (draft)")
        await (await answered.value).finished()
        # The page has made the form by its next frame but one.
        await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await topic.fill("the sea")
        for route in late:
            await route.continue_()
        await page.wait_for_load_state("networkidle")
        assert await topic.input_value() == "the sea"
        await page.get_by_role("button", name="Run").click()
        await state(page, "Completed after")
        assert await shown(page) == ["second the sea"]


async def test_every_kind_of_field_reaches_the_run_and_every_problem_its_field(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, visit, api):
        page = visit.page
        await page.get_by_label("Assistant").select_option(label="Rewrite a message")
        await page.get_by_label("Message").fill("")
        for label in ("Thanks", "Ask if in doubt", "See you"):
            await page.get_by_label(label).check()
        await page.get_by_role("button", name="Run").click()
        await expect(page.locator("[data-field=message] .error")).not_to_be_empty()
        await expect(page.locator("[data-field=also] .error")).not_to_be_empty()
        assert await page.evaluate("document.activeElement.name") == "message"

        await page.get_by_label("To", exact=True).fill("Anna")
        await page.get_by_label("Message").fill("Line one\nLine two")
        await page.get_by_label("Make it").select_option(label="Friendlier")
        await page.get_by_label("See you").uncheck()
        notes = FilePayload(name="notes.txt", mimeType="text/plain", buffer="Grüße – 你好".encode())
        await page.get_by_label("Notes to add").set_input_files(notes)
        await page.get_by_role("button", name="Run").click()
        await state(page, "Completed after")
        inputs = (await record_of(api, page))["inputs"]
        assert (inputs["to"], inputs["message"]) == ("Anna", "Line one\nLine two")
        assert inputs["also"] == ["Thank you for your help.", "Let me know if you have any questions."]
        assert "friendly" in inputs["style"]
        assert "Grüße – 你好" in str(inputs["notes"])
        assert await page.locator(".error:not(:empty)").count() == 0
        # The browser itself notes the refused start.
        assert [error for error in visit.errors if "422" not in error] == []


async def test_a_server_killed_in_mid_run_comes_back_and_the_page_goes_on(tmp_path: Path) -> None:
    async with signed_in(tmp_path, AA_LEASE_SECONDS="2") as (node, visit, api):
        page = visit.page
        await create(api, echo(content=f"{WORDS} ${{topic}}", model="scripted/slow-100"))
        await page.reload()
        await start(page, "Echo", "Topic", "end")
        await text_arrives(page)
        node.kill()
        await state(page, "The connection was lost")
        await node.start()
        await state(page, "Completed after")
        record = await record_of(api, page)
        assert len(record["prompts"][0]["attempts"]) == 2
        assert await shown(page) == outputs(record) == [f"{WORDS} end"]
        # The browser itself notes that nobody listened for a while.
        assert [error for error in visit.errors if "ERR_" not in error] == []
        assert visit.foreign == []

"""Finding an assistant, filling in its form, looking back at runs: in a real browser on a server of this process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Page, Route, expect

from app.db.records import AssistantStatus, UserRole
from lib.streaming.definition import Definition
from tests.support.axe import violations, violations_in_both_themes
from tests.support.chromium import Visit
from tests.support.pages import ended, run_of, start, text_arrives, visit_of
from tests.support.service import Person, Service, echo, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = Path(__file__).parents[3] / "app" / "examples"
FIRST_PAGE_BYTES = 100_000


def example(name: str) -> Definition:
    """One of the examples, answered by the scripted provider."""
    definition = msgspec.json.decode((EXAMPLES / f"{name}.json").read_bytes(), type=Definition)
    prompts = tuple(msgspec.structs.replace(prompt, model="scripted/echo") for prompt in definition.prompts)
    return msgspec.structs.replace(definition, prompts=prompts)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("service")) as service:
        author = await service.person(UserRole.AUTHOR)
        for name in ("rewrite-a-message", "two-sides"):
            await service.assistant(author, example(name))
        await service.assistant(author, echo(name="Echo", description="Says Größe again"))
        await service.assistant(author, echo(name="Slow echo", content="${topic}", model="scripted/slow-60"))
        await service.assistant(author, echo(name="Broken", model="scripted/fault-reset"))
        await service.assistant(author, echo(name="Somebody's draft"), AssistantStatus.DRAFT)
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def person(service: Service) -> Person:
    return await service.person_with_password()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, service: Service, person: Person) -> AsyncIterator[Visit]:
    async with visit_of(browser, service, person) as visit:
        yield visit


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


async def test_the_gallery_finds_as_one_types_and_the_address_keeps_it(visit: Visit) -> None:
    page = visit.page
    cards = page.locator(".assistant h2")
    await expect(cards).to_have_text(["Broken", "Slow echo", "Echo", "Two sides", "Rewrite a message"])
    await page.get_by_role("searchbox").fill("GRÖSSE echo")
    await expect(cards).to_have_text(["Echo"])
    assert "q=" in page.url
    await page.reload()
    await expect(cards).to_have_text(["Echo"])
    await page.get_by_role("searchbox").fill("nothing like it")
    await expect(page.locator(".empty")).to_contain_text("nothing like it")
    await page.get_by_role("link", name="Show all").click()
    await expect(cards).to_have_count(5)
    assert (visit.errors, visit.foreign) == ([], [])


async def test_a_card_shows_ones_own_latest_runs_and_that_a_draft_is_ones_own(
    service: Service, person: Person, page: Page
) -> None:
    await service.assistant(person, echo(name="My draft"), AssistantStatus.DRAFT)
    await start(page, "Echo", {"Topic": "x"})
    await ended(page)
    await page.goto("/")
    card = page.locator(".assistant").filter(has=page.get_by_role("link", name="Echo", exact=True))
    await expect(card.locator(".recent a")).to_have_count(1)
    await expect(card.locator(".recent")).to_contain_text("Completed")
    draft = page.locator(".assistant").filter(has_text="My draft")
    await expect(draft.locator(".badge")).to_have_text("Draft")
    await expect(draft).to_contain_text("Not run by you lately")


async def test_the_first_page_is_small_and_loads_nothing_of_a_run(visit: Visit) -> None:
    page = await visit.page.context.new_page()
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    urls: list[str] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.on("Network.requestWillBeSent", lambda event: urls.append(event["request"]["url"]))
    await page.goto("/", wait_until="networkidle")
    assert len(sizes) >= 8
    assert sum(sizes) < FIRST_PAGE_BYTES
    assert not [url for url in urls if "markdown" in url or "/run/" in url or "highlight" in url or "purify" in url]


async def test_every_kind_of_field_reaches_the_run_and_every_problem_its_field(visit: Visit, person: Person) -> None:
    page = visit.page
    await page.goto("/assistants/rewrite-a-message/run")
    await expect(page.locator("[data-field=message] [data-counter]")).to_have_text("93 / 2000")
    await page.get_by_label("Message").fill("")
    for label in ("Thanks", "Ask if in doubt", "See you"):
        await page.get_by_label(label).check()
    big = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"x" * 2001)
    await page.get_by_label("Notes to add").set_input_files(big)
    await page.get_by_role("button", name="Run").click()
    await expect(page.locator("[data-field=message] .error")).to_have_text("Fill in “Message”.")
    await expect(page.locator("[data-field=also] .error")).to_have_text("Choose at most 2; 3 are chosen.")
    await expect(page.locator("[data-field=notes] .error")).to_contain_text("2,001 bytes; 2,000 are allowed")
    assert await page.evaluate("document.activeElement.name") == "message"
    assert await violations(page) == []

    await page.get_by_label("To", exact=True).fill("Anna")
    await page.get_by_label("Message").fill("Line one\nLine two")
    await expect(page.locator("[data-field=message] .error")).to_be_empty()
    await page.get_by_label("Make it").select_option(label="Friendlier")
    await page.get_by_label("See you").uncheck()
    picture = FilePayload(name="notes.png", mimeType="image/png", buffer=b"x")
    await page.get_by_label("Notes to add").set_input_files(picture)
    await expect(page.locator("[data-field=notes] .error")).to_contain_text("is not one of .txt,.md")
    notes = FilePayload(name="notes.txt", mimeType="text/plain", buffer="Grüße – 你好".encode())
    await page.get_by_label("Notes to add").set_input_files(notes)
    await page.get_by_role("button", name="Run").click()
    await ended(page)
    answer = await page.request.get(f"/api/executions/{run_of(page)}", headers=person.headers)
    inputs = (await answer.json())["inputs"]
    assert (inputs["to"], inputs["message"]) == ("Anna", "Line one\nLine two")
    assert inputs["also"] == ["Thank you for your help.", "Let me know if you have any questions."]
    assert "friendly" in inputs["style"]
    assert inputs["notes"] == "Grüße – 你好"
    assert (visit.errors, visit.foreign) == ([], [])


async def test_what_the_server_refuses_stands_at_its_field(page: Page) -> None:
    await page.goto("/assistants/rewrite-a-message/run")
    # A limit that the page does not know of, as after a change of the assistant.
    await page.locator("[data-field=to]").evaluate("field => delete field.dataset.max")
    await page.get_by_label("To", exact=True).fill("x" * 61)
    await page.get_by_role("button", name="Run").click()
    await expect(page.locator("[data-field=to] .error")).to_have_text("'To' has 61 characters; 60 are allowed.")
    assert await page.evaluate("document.activeElement.name") == "to"
    assert await violations(page) == []


async def test_pressed_twice_or_sent_again_it_is_one_run(page: Page, service: Service, person: Person) -> None:
    sent: list[str | None] = []

    async def lost(route: Route) -> None:
        """The first start is made, but its answer never comes."""
        sent.append(route.request.headers.get("idempotency-key"))
        if len(sent) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/api/executions", lost)
    await page.goto("/assistants/echo/run")
    await page.get_by_label("Topic").fill("x")
    await page.get_by_role("button", name="Run").click()
    await expect(page.locator("#start [data-problem]")).to_contain_text("cannot be reached")
    await page.get_by_role("button", name="Run").dblclick()
    await page.locator("#run").wait_for()
    assert len(set(sent)) == 1
    runs = await service.storage.executions.list(person.user.id, 10)
    assert [run.id for run in runs.items] == [run_of(page)]


async def test_the_history_filters_follows_what_runs_and_deletes(
    visit: Visit, service: Service, person: Person
) -> None:
    page = visit.page
    page.on("dialog", lambda dialog: dialog.accept())
    await start(page, "Broken", {"Topic": "x"})
    await ended(page, "Failed after")
    run = await start(page, "Slow echo", {"Topic": " ".join(["word"] * 1000)})
    await text_arrives(page)
    await page.goto("/runs")
    states = page.locator("tbody .badge")
    await expect(states).to_have_text(["Running", "Failed"])
    assert await violations(page) == []
    await service.client.post(f"/api/executions/{run}/cancel", headers=person.headers)
    await expect(states).to_have_text(["Stopped", "Failed"])
    await expect(page.locator("#found")).not_to_have_attribute("hx-trigger", "every 3s")
    await page.get_by_label("State").select_option(label="Failed")
    await page.get_by_role("button", name="Filter").click()
    await expect(states).to_have_text(["Failed"])
    await page.get_by_label("To (UTC)").fill("2020-01-01")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.locator(".empty")).to_contain_text("No run of yours is like that.")
    assert await violations(page) == []
    await page.get_by_role("link", name="Clear").click()
    await page.get_by_role("button", name="Delete the run of Broken").click()
    await expect(states).to_have_text(["Stopped"])
    await page.reload()
    await expect(states).to_have_text(["Stopped"])
    assert (visit.errors, visit.foreign) == ([], [])


async def test_a_run_can_be_copied_taken_along_and_deleted(visit: Visit, person: Person) -> None:
    page = visit.page
    run = await start(page, "Two sides", {"What are you thinking about?": "a dog"})
    await ended(page)
    await page.get_by_role("button", name="Copy", exact=True).first.click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("## Benefits\n\nWhat are the benefits of a dog?")
    await page.get_by_role("button", name="Download").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Markdown").click()
    download = await downloading.value
    assert download.suggested_filename == f"run-{run}.md"
    assert (
        (await download.path()).read_text().startswith("# Two sides\n\n## Benefits\n\nWhat are the benefits of a dog?")
    )
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="JSON").click()
    record = json.loads((await (await downloading.value).path()).read_text())
    assert (record["id"], record["inputs"]) == (run, {"idea": "a dog"})
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Delete …").click()
    await page.locator("#removal").get_by_role("button", name="Delete").click()
    await page.wait_for_url("**/runs")
    await expect(page.locator(".empty")).to_contain_text("You have not run anything yet.")
    assert (await page.request.get(f"/api/executions/{run}", headers=person.headers)).status == 404


async def test_an_administrator_sees_anothers_run_and_nobody_else_does(
    service: Service, browser: Browser, page: Page
) -> None:
    run = await start(page, "Echo", {"Topic": "a secret"})
    await ended(page)
    boss = await service.person_with_password(UserRole.ADMIN)
    async with visit_of(browser, service, boss) as visit:
        await visit.page.goto(f"/runs/{run}")
        await ended(visit.page)
        await expect(visit.page.locator("[data-output]")).to_contain_text("Say a secret")
        await expect(visit.page.locator("#run")).to_contain_text("Another person’s run")
        await expect(visit.page.locator("[data-rerun], [data-feedback]")).to_have_count(0)
        assert visit.errors == []
    rows = await service.storage.audit.list(50)
    assert (boss.user.id, "execution.read", run) in [(row.actor_id, row.action, row.target) for row in rows.items]
    stranger = await service.person_with_password()
    async with visit_of(browser, service, stranger) as visit:
        answer = await visit.page.goto(f"/runs/{run}")
        assert answer is not None
        assert answer.status == 404


async def test_by_keyboard_alone_from_the_gallery_to_the_answer(page: Page) -> None:
    async def focus(name: str) -> None:
        for _ in range(40):
            await page.keyboard.press("Tab")
            if (
                await page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")
                == name
            ):
                return
        pytest.fail(f"{name} cannot be reached")

    await focus("Echo")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/run")
    await focus("Topic")
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Enter")
    await ended(page)
    await expect(page.locator("[data-output]")).to_have_text("Say by keyboard")
    await focus("Run again")
    await page.keyboard.press("Enter")
    await expect(page.locator("#rerun")).to_be_visible()
    await expect(page.locator("#rerun").get_by_label("Topic")).to_have_value("by keyboard")
    await page.keyboard.press("Escape")
    await expect(page.locator("#rerun")).to_be_hidden()


async def test_everyone_can_use_every_page_on_every_screen(service: Service, browser: Browser, person: Person) -> None:
    async with visit_of(browser, service, person, reduced_motion="reduce") as visit:
        page = visit.page
        done = await start(
            page, "Two sides", {"What are you thinking about?": "a dog\n\n| a | b |\n|---|---|\n| 1 | 2 |"}
        )
        await ended(page)
        failed = await start(page, "Broken", {"Topic": "x"})
        await ended(page, "Failed after")
        live = await start(page, "Slow echo", {"Topic": " ".join(["word"] * 2000)})
        await text_arrives(page)
        places = ["/", "/?q=zzz", "/assistants/rewrite-a-message/run", "/runs", f"/runs/{done}", f"/runs/{failed}"]
        for place in (*places, f"/runs/{live}"):
            await page.set_viewport_size({"width": 1280, "height": 800})
            await page.goto(place)
            if place in places[-2:]:
                await page.locator("#run[data-shown]").wait_for()
            assert await violations_in_both_themes(page) == [], place
            await page.set_viewport_size({"width": 360, "height": 740})
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, place
        await page.get_by_role("button", name="Stop").click()
        await ended(page, "Stopped after")
        await page.goto(f"/runs/{done}")
        await page.get_by_role("button", name="Run again").click()
        assert await violations_in_both_themes(page) == []
        assert (visit.errors, visit.foreign) == ([], [])

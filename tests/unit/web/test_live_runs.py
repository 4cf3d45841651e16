"""Runs as people watch them, in a real browser on a server of this process: every state, every way to lose sight of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app.db.records import UserRole
from tests.support.chromium import Visit
from tests.support.main_thread import recording
from tests.support.markdown_documents import HOSTILE
from tests.support.pages import answers, ended, run_of, shows_what_it_copies, start, text_arrives, visit_of
from tests.support.run_assistants import ASSISTANTS, LONG, MARKUP, SECTION, WAIT, WORDS
from tests.support.service import Person, Service, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

FROM_THE_END = "() => document.documentElement.scrollHeight - innerHeight - scrollY"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("service")) as service:
        author = await service.person(UserRole.AUTHOR)
        for definition in ASSISTANTS:
            await service.assistant(author, definition)
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def person(service: Service) -> Person:
    return await service.person_with_password()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, service: Service, person: Person) -> AsyncIterator[Visit]:
    async with visit_of(browser, service, person) as visit:
        yield visit


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


async def test_a_reload_and_a_second_tab_in_mid_stream_show_every_character_once(visit: Visit) -> None:
    page = visit.page
    await start(page, "Slow echo", {"Topic": WORDS})
    await text_arrives(page)
    other = await page.context.new_page()
    await other.goto(page.url)
    await page.reload()
    for one in (page, other):
        await ended(one)
        assert await one.title() == "Completed: Slow echo · Assistant Architect"
        await one.bring_to_front()
        assert await answers(one) == [WORDS]
        await shows_what_it_copies(one)
    assert (visit.errors, visit.foreign) == ([], [])


async def test_who_goes_offline_is_told_so_and_goes_on_where_they_were(visit: Visit) -> None:
    page = visit.page
    text = " ".join([WORDS] * 4)
    await start(page, "Slow echo", {"Topic": text})
    await text_arrives(page)
    await page.context.set_offline(True)
    await expect(page.locator("#connection")).to_contain_text("offline")
    await page.context.set_offline(False)
    await ended(page)
    assert await answers(page) == [text]
    await expect(page.locator("#connection")).to_be_empty()
    assert [error for error in visit.errors if "ERR_" not in error] == []


async def test_who_goes_offline_after_the_end_is_not_told_that_it_goes_on(visit: Visit) -> None:
    page = visit.page
    await start(page, "Echo", {"Topic": WORDS})
    await ended(page)
    await page.evaluate(
        "() => { window.heard = new Promise((heard) => window.addEventListener('offline', () => heard(1))); }"
    )
    await page.context.set_offline(True)
    assert await page.evaluate("window.heard") == 1
    await expect(page.locator("#connection")).to_be_empty()
    await page.context.set_offline(False)


async def test_a_stop_is_at_once_and_says_what_it_did(page: Page) -> None:
    await start(page, "Slow echo", {"Topic": " ".join([WORDS] * 20)})
    await text_arrives(page)
    await page.get_by_role("button", name="Stop").click()
    await ended(page, "Stopped after")
    await expect(page.locator("#receipt")).to_contain_text("the connection to the model is closed")
    [kept] = await answers(page)
    await expect(page.locator("#receipt")).to_contain_text(f"{len(kept)} characters kept")
    await expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    await expect(page.get_by_role("button", name="Run again")).to_be_visible()


async def test_prompts_of_one_position_stand_side_by_side_and_below_each_other_where_it_is_narrow(page: Page) -> None:
    await start(page, "Two sides", {"Topic": "the sea"})
    await ended(page)
    assert await answers(page) == ["left the sea", "right the sea", "left the sea and right the sea"]
    left, right = (page.locator("article").filter(has_text=side) for side in ("left the sea", "right the sea"))
    boxes = [await one.first.bounding_box() for one in (left, right)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] == boxes[1]["y"]
    await page.set_viewport_size({"width": 360, "height": 800})
    boxes = [await one.first.bounding_box() for one in (left, right)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] == boxes[1]["x"]
    await page.get_by_text("Reasoning", exact=True).locator("visible=true").click()
    await expect(page.get_by_text("Let me think. Done.")).to_be_visible()


async def test_a_prompt_that_failed_says_what_to_do_and_the_others_are_kept(page: Page) -> None:
    await start(page, "Trouble", {"Topic": "x"})
    await ended(page, "Failed after")
    states = page.locator("[data-row] .stop-state")
    await expect(states).to_have_text(["Completed", "Failed", "Completed"])
    bad = page.get_by_role("article", name="Bad")
    await expect(bad.locator(".notice")).to_contain_text("What came is kept; run it again from here.")
    await expect(page.locator("#ending")).to_contain_text("Run it again from the first prompt that failed.")
    assert await answers(page) == ["good", "one two three", "late"]


async def test_a_wait_says_why_and_for_how_long(page: Page) -> None:
    await start(page, "Limited", {"Topic": "x"})
    now = page.locator("[data-now]")
    seconds = []
    for _ in range(2):
        told = re.compile(r"Rate limited, trying again in (\d) s")
        await expect(now).to_contain_text(told)
        found = told.search(await now.text_content() or "")
        assert found
        seconds.append(int(found[1]))
        await expect(now).not_to_contain_text(f"in {found[1]} s")
    # Five that were asked for, and up to half a one that is drawn on top.
    assert 6 >= seconds[0] > seconds[1]
    await expect(page.locator(".void s").first).to_have_text("Attempt 1")


async def test_what_a_model_or_an_author_writes_stays_text(visit: Visit) -> None:
    page = visit.page
    await page.goto("/")
    await page.get_by_role("link", name=f"Echo {MARKUP}", exact=True).click()
    assert await page.locator("#description").text_content() == MARKUP
    await page.get_by_label("Topic").fill(MARKUP)
    await page.get_by_role("button", name="Run").click()
    await ended(page)
    assert await answers(page) == [f"{MARKUP} {MARKUP}"]
    assert await page.locator("#run :is(img, script, b)").count() == 0
    assert "broken in" not in (await page.title()).partition(":")[0]
    assert (visit.errors, visit.foreign) == ([], [])


async def test_hostile_answers_fetch_nothing_run_nothing_and_break_no_policy(visit: Visit) -> None:
    page = visit.page
    text = "\n\n".join(HOSTILE)
    await start(page, "Long answer", {"Topic": text})
    await ended(page)
    assert await answers(page) == ["\n\n".join([text] * 4)]
    assert await page.evaluate("window.broken") is None
    assert (visit.errors, visit.foreign) == ([], [])


async def test_200_kb_of_markdown_at_full_speed_hold_up_no_frame_and_keep_the_reader_at_their_end(
    browser: Browser, page: Page
) -> None:
    """No task of the page computes for 50 ms after the first second; in processor time, so by what the page does alone.

    Of thousands two may take longer, yet not twice as long: where threads share a core, one at times does half as much.
    """
    text = SECTION * (50_000 // len(SECTION) + 1)
    await start(page, "Long answer to whoever waits", {"Topic": text})
    await text_arrives(page, 4)
    async with recording(browser, page) as recorded:
        await page.locator("#run[data-shown]").wait_for(timeout=60_000)
    assert await page.evaluate(FROM_THE_END) <= 48
    answer = (await answers(page))[1]
    assert len(answer) > 200_000
    assert answer == "\n\n".join([text] * 4)
    await shows_what_it_copies(page)
    late = sorted(task.cpu_ms for task in recorded.tasks if task.at_ms > 1000)
    assert len(late) > 500
    assert late[-3] < 50, late[-20:]
    assert late[-1] < 100, late[-20:]


async def test_who_opens_a_run_that_has_ended_reads_it_from_its_beginning(page: Page) -> None:
    await page.set_viewport_size({"width": 1280, "height": 500})
    await start(page, "Long answer", {"Topic": LONG})
    await ended(page)
    await page.reload()
    await ended(page)
    assert await page.evaluate("scrollY") == 0
    assert await page.evaluate(FROM_THE_END) > 500


async def test_the_end_is_followed_only_by_those_who_are_there(page: Page) -> None:
    await page.set_viewport_size({"width": 1280, "height": 500})
    await start(page, "Slow echo", {"Topic": LONG})
    await page.wait_for_function("() => scrollY > 300")
    assert await page.evaluate(FROM_THE_END) <= 48
    await page.mouse.wheel(0, -400)
    jump = page.get_by_role("button", name="Jump to latest")
    await jump.wait_for()
    place = await page.evaluate("() => scrollY")
    height = await page.evaluate("() => document.documentElement.scrollHeight")
    await page.wait_for_function("height => document.documentElement.scrollHeight > height + 60", arg=height)
    assert await page.evaluate("() => scrollY") == place
    await jump.click()
    await page.wait_for_function(f"() => ({FROM_THE_END})() <= 48")
    await expect(jump).to_be_hidden()
    await page.get_by_role("button", name="Stop").click()
    await ended(page, "Stopped after")


async def test_nothing_that_stands_in_the_page_moves_while_text_streams(page: Page) -> None:
    run = await start(page, "Two sides", {"Topic": WORDS})
    await text_arrives(page)
    moved = await page.evaluate(
        """async () => {
          let moved = 0;
          new PerformanceObserver((list) => { for (const { value, hadRecentInput } of list.getEntries()) moved += hadRecentInput ? 0 : value; })
            .observe({ type: 'layout-shift', buffered: true });
          while (!document.querySelector('#run[data-shown]')) await new Promise(requestAnimationFrame);
          return moved;
        }"""
    )
    assert run == run_of(page)
    # At the end the button that stops becomes those for a run that has ended.
    assert moved < 0.005


async def test_an_answer_is_shown_once_nothing_above_it_grows_any_more(page: Page) -> None:
    await start(page, "Long answer to whoever waits", {"Topic": SECTION * 20})
    await text_arrives(page, 4)
    grew = await page.evaluate(
        """async () => {
          const [above, below] = [...document.querySelectorAll('[data-output]')].slice(1);
          const lengths = new Set();
          const written = () => above.textContent.length - above.querySelectorAll('.code-copy').length * 'Copy'.length;
          while (!document.querySelector('#run[data-shown]')) {
            if (below.checkVisibility()) lengths.add(written());
            await new Promise(requestAnimationFrame);
          }
          return [...lengths];
        }"""
    )
    assert len(grew) == 1
    assert await answers(page) == [WAIT, "\n\n".join([SECTION * 20] * 4), "That was all."]

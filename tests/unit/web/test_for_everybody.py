"""States that are easily forgotten, for people who cannot see, point or wait: menus, dialogs, refusals, lost connections."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Page, ViewportSize, expect

from app.db.records import AssistantStatus, UserRole
from tests.support.axe import violations_in_both_themes
from tests.support.chromium import Visit
from tests.support.pages import ended, start, text_arrives, visit_of
from tests.support.service import Person, Service, echo, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

LONG = " ".join(["word"] * 2000)
#: What a desktop of 1280 by 800 shows at 200 %.
ZOOMED: ViewportSize = {"width": 640, "height": 400}
CONTROLS = "a[href], button, input, select, textarea, summary"
#: Controls that are seen and cannot be reached by scrolling down: they stick out, or something covers them.
UNREACHABLE = f"""() => [...document.querySelectorAll({CONTROLS!r})].filter((one) => {{
  if (!one.checkVisibility({{ visibilityProperty: true }}) || one.closest('.unseen, .skip, .scroll, [inert]') || one.matches('.unseen')) return false;
  one.scrollIntoView({{ block: 'center', behavior: 'instant' }});
  const box = one.getClientRects()[0];
  if (!box || !box.width) return false;
  const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return box.left < 0 || box.right > innerWidth + 1 || !(found && (one.contains(found) || found.contains(one)));
}}).map((one) => one.outerHTML.slice(0, 160))"""
#: Controls without an edge, where colours of ours are not shown.
EDGELESS = """() => [...document.querySelectorAll('button, input:not([type=checkbox], [type=radio], [type=range]), select, textarea, .button')].filter((one) => {
  if (!one.checkVisibility({ visibilityProperty: true }) || one.matches('.unseen') || one.closest('.unseen')) return false;
  const { borderTopWidth, borderTopStyle, borderBottomWidth } = getComputedStyle(one);
  return (parseFloat(borderTopWidth) < 1 && parseFloat(borderBottomWidth) < 1) || borderTopStyle === 'none' && parseFloat(borderBottomWidth) < 1;
}).map((one) => one.outerHTML.slice(0, 160))"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("service")) as service:
        author = await service.person(UserRole.AUTHOR)
        await service.assistant(author, echo(name="Echo", description="Says it again"))
        await service.assistant(author, echo(name="Slow echo", content="${topic}", model="scripted/slow-60"))
        await service.assistant(author, echo(name="Broken", model="scripted/fault-reset"))
        await service.assistant(author, echo(name="Waits"), AssistantStatus.PENDING_APPROVAL)
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def person(service: Service) -> Person:
    return await service.person_with_password()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visit(browser: Browser, service: Service, person: Person) -> AsyncIterator[Visit]:
    async with visit_of(browser, service, person) as visit:
        yield visit


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def boss(browser: Browser, service: Service) -> AsyncIterator[Visit]:
    async with visit_of(browser, service, await service.person_with_password(UserRole.ADMIN)) as visit:
        yield visit


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


async def test_the_places_of_a_phone_open_over_the_page(page: Page) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto("/")
    await page.get_by_role("button", name="Menu").click()
    await expect(page.locator("#side")).to_be_visible()
    assert await violations_in_both_themes(page) == []
    await page.get_by_role("button", name="Light or dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.get_by_role("button", name="Light or dark").click()
    await page.keyboard.press("Escape")
    await expect(page.locator("#side")).to_be_hidden()
    await page.set_viewport_size({"width": 1280, "height": 720})


async def test_what_opens_on_a_run(page: Page) -> None:
    await start(page, "Echo", {"Topic": "x"})
    await ended(page)
    for name, opened in (("Download", "#downloads"), ("More", "#more")):
        await page.get_by_role("button", name=name, exact=True).click()
        await expect(page.locator(opened)).to_be_visible()
        assert await violations_in_both_themes(page) == [], name
        await page.keyboard.press("Escape")
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Delete …").click()
    await expect(page.locator("#removal")).to_be_visible()
    assert await violations_in_both_themes(page) == []
    await page.get_by_role("button", name="Keep it").click()
    await page.get_by_role("button", name="Run again").first.click()
    await page.locator("#rerun").get_by_label("Topic").fill("")
    await page.locator("#rerun [data-run]").click()
    await expect(page.locator("#rerun .error").first).not_to_be_empty()
    assert await violations_in_both_themes(page) == []


async def test_a_run_that_is_offline_or_cannot_reach_the_server_or_failed(page: Page) -> None:
    await start(page, "Slow echo", {"Topic": LONG})
    await text_arrives(page)
    await page.context.set_offline(True)
    await expect(page.locator("#connection")).to_contain_text("offline")
    assert await violations_in_both_themes(page) == []
    await page.context.set_offline(False)
    await page.context.route("**/events", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#connection")).to_contain_text("Reconnecting")
    assert await violations_in_both_themes(page) == []
    await page.context.unroute("**/events")
    await page.reload()
    await page.get_by_role("button", name="Stop").click()
    await ended(page, "Stopped after")
    assert await violations_in_both_themes(page) == []
    await start(page, "Broken", {"Topic": "x"})
    await ended(page, "Failed after")
    assert await violations_in_both_themes(page) == []


async def test_a_run_whose_contents_were_removed(service: Service, browser: Browser) -> None:
    other = await service.person_with_password()
    async with visit_of(browser, service, other) as visit:
        await start(visit.page, "Echo", {"Topic": "x"})
        await ended(visit.page)
        await service.storage.retention.remove_contents(-1000, 1000)
        await visit.page.reload()
        await expect(visit.page.locator("main")).to_contain_text("and then removed")
        assert await violations_in_both_themes(visit.page) == []


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/keys", "/runs/absent", "/admin", "/assistants", "/assistants/absent/run"]
)
async def test_what_is_empty_absent_or_not_allowed(service: Service, browser: Browser, path: str) -> None:
    async with visit_of(browser, service, await service.person_with_password()) as visit:
        await visit.page.goto(path)
        assert await violations_in_both_themes(visit.page) == []


async def test_the_way_in_and_its_refusal(service: Service, browser: Browser) -> None:
    page = await browser.new_page(base_url=str(service.client.base_url))
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill("nobody@example.org")
    await page.get_by_label("Password").fill("wrong")
    await page.locator("#with-password").get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert").filter(has_text=" ").first).to_be_visible()
    assert await violations_in_both_themes(page) == []
    await page.close()


async def test_the_import_and_its_problems(boss: Visit) -> None:
    page = boss.page
    await page.goto("/assistants")
    assert await violations_in_both_themes(page) == []
    await page.get_by_role("button", name="Import").click()
    bad = FilePayload(name="bad.json", mimeType="application/json", buffer=b'{"assistants": [{"name": ""}]}')
    await page.get_by_label("File").set_input_files(bad)
    await page.locator("#import-form").get_by_role("button", name="Import").click()
    await expect(page.locator("#import")).to_contain_text("Nothing in the file can be imported.")
    assert await violations_in_both_themes(page) == []
    # The browser itself notes the refused request.
    boss.errors[:] = [error for error in boss.errors if "422" not in error and "400" not in error]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/assistants/echo/run",
        "/runs",
        "run",
        "/assistants",
        "/assistants/new",
        "/admin",
        "/admin/executions",
        "/admin/users",
    ],
)
async def test_at_200_percent_nothing_is_out_of_reach(boss: Visit, path: str) -> None:
    page = boss.page
    await page.set_viewport_size(ZOOMED)
    if path == "run":
        await start(page, "Echo", {"Topic": "x"})
        await ended(page)
    else:
        await page.goto(path)
    assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert await page.evaluate(UNREACHABLE) == []


async def test_where_colours_are_the_readers_own_controls_have_edges_and_focus_is_seen(
    service: Service, browser: Browser
) -> None:
    admin = await service.person_with_password(UserRole.ADMIN)
    async with visit_of(browser, service, admin, forced_colors="active") as visit:
        page = visit.page
        await start(page, "Echo", {"Topic": "x"})
        await ended(page)
        for path in (page.url, "/", "/assistants/echo/run", "/runs", "/assistants/new", "/admin/executions"):
            await page.goto(path)
            assert await page.evaluate(EDGELESS) == [], path
            for _ in range(14):
                await page.keyboard.press("Tab")
                seen = await page.evaluate(
                    """() => ['', '::after'].some((part) => {
                      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement, part || null);
                      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
                    }) || document.activeElement === document.body || document.activeElement.outerHTML.slice(0, 160)"""
                )
                assert seen is True, (path, seen)


async def test_who_wants_no_motion_gets_none(service: Service, browser: Browser) -> None:
    async with visit_of(browser, service, await service.person_with_password(), reduced_motion="reduce") as visit:
        page = visit.page
        await start(page, "Slow echo", {"Topic": LONG})
        await text_arrives(page)
        moving = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
        assert await page.evaluate(moving) == 0
        await page.emulate_media(reduced_motion="no-preference")
        await page.wait_for_function(f"() => ({moving})() > 0")
        await page.get_by_role("button", name="Stop").click()
        await ended(page, "Stopped after")


async def test_by_keyboard_alone_a_run_is_started_and_stopped(page: Page) -> None:
    async def focus(name: str) -> None:
        for _ in range(40):
            await page.keyboard.press("Tab")
            told = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
            if await page.evaluate(told) == name:
                return
        pytest.fail(f"{name} cannot be reached")

    await page.goto("/")
    await focus("Slow echo")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/run")
    await focus("Topic")
    await page.keyboard.insert_text(LONG)
    await focus("Run")
    await page.keyboard.press("Enter")
    await page.locator("#run").wait_for()
    await text_arrives(page)
    await focus("Stop")
    await page.keyboard.press("Enter")
    await ended(page, "Stopped after")
    await expect(page.locator("#receipt")).to_contain_text("characters kept")

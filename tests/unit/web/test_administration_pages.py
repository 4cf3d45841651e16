"""What administrators see and do, in a real browser: every page with something on it, and one change on each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from app.db.records import AssistantRecord, AssistantStatus, UserRecord, UserRole
from lib.streaming.definition import Definition
from tests.support.axe import violations, violations_in_both_themes
from tests.support.chromium import Visit, visiting
from tests.support.service import Person, Service, echo, running_service

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WAIT_SECONDS = 20
MARKUP = "<img src=x onerror=alert(1)> & co."


class Scene(NamedTuple):
    """A service with something in every list, its administrator, and a browser that is signed in as them."""

    service: Service
    chromium: Chromium
    admin: Person
    author: Person
    waiting: AssistantRecord

    @property
    def url(self) -> str:
        return str(self.service.client.base_url).rstrip("/")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def scene(browser: Chromium, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with running_service(tmp_path_factory.mktemp("pages")) as service:
        admin = await service.person_with_password(UserRole.ADMIN)
        author = await service.person(UserRole.AUTHOR)
        waiting = await service.assistant(author, chain(), AssistantStatus.PENDING_APPROVAL)
        await service.assistant(author, echo(f"Shelved {MARKUP}"), AssistantStatus.DISABLED)
        good, bad = await service.assistant(author), await service.assistant(author, echo(model="scripted/fault-quota"))
        for assistant in (good, good, bad):
            await service.run(author, assistant, topic="the sea")
        yield Scene(service, browser, admin, author, waiting)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(scene: Scene) -> AsyncIterator[Visit]:
    browser = scene.service.browser()
    await browser.sign_in(scene.admin)
    async with visiting(scene.chromium, scene.url, WAIT_SECONDS) as visit:
        cookies = browser.client.cookies.jar
        await visit.page.context.add_cookies(
            [{"name": one.name, "value": str(one.value), "url": scene.url} for one in cookies]
        )
        yield visit
        assert (visit.errors, visit.foreign) == ([], [])


def chain() -> Definition:
    return echo("Waits for a decision", content=f"Say ${{topic}} {MARKUP}", description=MARKUP)


async def somebody(scene: Scene, email: str) -> UserRecord:
    return await scene.service.storage.users.create(email, "Somebody", UserRole.USER)


async def said(page: Page, text: str) -> None:
    await expect(page.locator("#toasts")).to_contain_text(text)


PAGES = {
    "/admin": "Times by model",
    "/admin/users": "example.org",
    "/admin/providers": "scripted",
    "/admin/models": "scripted/fault-quota",
    "/admin/approvals": "Waits for a decision",
    "/admin/approvals?show=disabled": f"Shelved {MARKUP}",
    "/admin/audit": "session.password",
    "/admin/audit?action=nothing": "Nothing like that is written down.",
    "/admin/retention": "AA_RETENTION_CONTENT_DAYS",
    "/keys": "test",
}


@pytest.mark.parametrize("path", [*PAGES, "/admin/users/{author}"])
async def test_a_page_is_for_everybody_in_light_and_dark_and_on_a_small_screen(
    scene: Scene, visit: Visit, path: str
) -> None:
    page = visit.page
    await page.goto(path.replace("{author}", scene.author.user.id))
    await expect(page.locator("main")).to_contain_text(PAGES.get(path, scene.author.user.email))
    for opened in await page.locator("main details").all():
        await opened.evaluate("one => { one.open = true; }")
    assert await violations_in_both_themes(page) == []
    await page.set_viewport_size({"width": 360, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert await page.locator("main :is(img, script)").count() == 0


@pytest.mark.parametrize(
    "opener", ["/admin/users New user", "/keys New key", "/admin/models Price of a model", "/admin/approvals Reject"]
)
async def test_a_dialog_is_for_everybody_too(visit: Visit, opener: str) -> None:
    path, _, name = opener.partition(" ")
    await visit.page.goto(path)
    await visit.page.get_by_role("button", name=name).first.click()
    await expect(visit.page.locator("dialog:open")).to_be_visible()
    assert await violations_in_both_themes(visit.page) == []


async def test_a_new_user_is_made_and_given_a_link_that_works(scene: Scene, visit: Visit) -> None:
    page = visit.page
    await page.goto("/admin/users")
    await page.get_by_role("button", name="New user").click()
    await page.locator("#new-email").fill("new@example.org")
    await page.locator("#new-role").select_option("author")
    await page.get_by_role("button", name="Make user").click()
    await said(page, "The user is made.")
    await page.get_by_role("button", name="Sign-in link for new@example.org").click()
    await expect(page.locator("#link-url")).not_to_be_empty()
    link = await page.locator("#link-url").text_content()
    assert link
    assert link.startswith(f"{scene.url}/sign-in#token=")
    token = link.partition("=")[2]
    answer = await scene.service.browser().ask("POST", "/api/session/link", json={"token": token})
    assert (answer.json()["email"], answer.json()["role"]) == ("new@example.org", "author")


async def test_an_address_that_is_none_is_told_beside_its_field(visit: Visit) -> None:
    page = visit.page
    await page.goto("/admin/users")
    await page.get_by_role("button", name="New user").click()
    await page.locator("#new-email").fill("nobody")
    await page.get_by_role("button", name="Make user").click()
    await expect(page.locator("#new-email-error")).to_contain_text("must be an address")
    await expect(page.locator("#new-email")).to_be_focused()
    assert await violations(page) == []
    # The browser itself notes the refused request.
    visit.errors[:] = [error for error in visit.errors if "422" not in error]


async def test_a_role_is_changed_and_somebody_is_shut_out_after_a_question(scene: Scene, visit: Visit) -> None:
    page, users = visit.page, scene.service.storage.users
    person = await somebody(scene, "changed@example.org")
    await page.goto("/admin/users?q=changed@")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_label("Role of changed@example.org").select_option("author")
    await said(page, "The role is changed.")
    await page.get_by_role("button", name="Disable changed@example.org").click()
    assert await violations(page) == []
    await page.get_by_role("button", name="Cancel").click()
    assert (await users.by_id(person.id)) == UserRecord(
        id=person.id,
        email=person.email,
        name=person.name,
        role=UserRole.AUTHOR,
        disabled=False,
        created_ms=person.created_ms,
    )
    await page.get_by_role("button", name="Disable changed@example.org").click()
    await page.get_by_role("button", name="Yes").click()
    await said(page, "They are shut out.")
    changed = await users.by_id(person.id)
    assert changed is not None
    assert changed.disabled


async def test_a_key_is_shown_once_works_and_is_revoked(scene: Scene, visit: Visit) -> None:
    page = visit.page
    await page.goto("/keys")
    await page.get_by_role("button", name="New key").click()
    await page.locator("#key-name").fill("Nightly job")
    await page.get_by_role("button", name="Make key").click()
    await expect(page.locator("#made-key-text")).not_to_be_empty()
    secret = await page.locator("#made-key-text").text_content()
    assert secret
    headers = {"Authorization": f"Bearer {secret}"}
    assert (await scene.service.client.get("/api/executions", headers=headers)).status_code == 200
    await page.get_by_role("button", name="Done").click()
    row = page.locator("tbody tr").filter(has_text="Nightly job")
    await expect(row).to_contain_text("executions:run")
    assert secret not in await page.content()
    await row.get_by_role("button", name="Revoke").click()
    await page.get_by_role("button", name="Yes").click()
    await expect(row).to_contain_text("Revoked")
    assert (await scene.service.client.get("/api/executions", headers=headers)).status_code == 401


async def test_a_provider_is_tested_in_place(visit: Visit) -> None:
    page = visit.page
    await page.goto("/admin/providers")
    for model, answer in (("echo", "echo answers."), ("fault-quota", "upstream_rate_limited")):
        await page.get_by_label("Model", exact=True).fill(model)
        await page.get_by_role("button", name="Test scripted").click()
        await expect(page.locator("#answer-scripted")).to_contain_text(answer)
        assert await violations(page) == []


async def test_an_assistant_is_rejected_with_a_reason_and_a_shelved_one_approved(scene: Scene, visit: Visit) -> None:
    page, assistants = visit.page, scene.service.storage.assistants
    await page.goto("/admin/approvals")
    await page.get_by_text("1 prompt, 1 field").click()
    await expect(page.locator("main")).to_contain_text(MARKUP)
    other = await scene.service.assistant(scene.author, echo("Rejected"), AssistantStatus.PENDING_APPROVAL)
    await page.reload()
    await page.get_by_role("button", name="Reject Rejected").click()
    await page.locator("dialog:open textarea").fill("Too short")
    await page.get_by_role("button", name="Reject", exact=True).click()
    await said(page, "Sent back to its author.")
    await expect(page.locator("article")).to_have_count(1)
    await page.get_by_role("button", name="Approve Waits").click()
    await page.get_by_role("button", name="Yes").click()
    await said(page, "Approved")
    rejected, approved = await assistants.get(other.id), await assistants.get(scene.waiting.id)
    assert rejected is not None
    assert approved is not None
    assert (rejected.status, rejected.reject_reason) == (AssistantStatus.REJECTED, "Too short")
    assert approved.status is AssistantStatus.APPROVED
    await assistants.set_status(scene.waiting.id, AssistantStatus.PENDING_APPROVAL, [AssistantStatus.APPROVED])


async def test_the_sweep_is_run_and_the_audit_tells_of_it(scene: Scene, visit: Visit) -> None:
    page = visit.page
    await page.goto("/admin/retention")
    await expect(page.get_by_role("button", name="Remove what is due now")).to_be_disabled()
    await page.get_by_role("button", name="Sweep now").click()
    await said(page, "Swept.")
    await page.goto("/admin/audit")
    await page.get_by_label("Who (e-mail)").fill(scene.admin.user.email)
    await page.get_by_label("Action").select_option("maintenance.sweep")
    await page.get_by_role("button", name="Filter").click()
    await page.wait_for_url("**action=maintenance.sweep**")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody tr")).to_contain_text(scene.admin.user.email)


async def test_what_runs_now_comes_and_goes_without_a_reload(scene: Scene, visit: Visit) -> None:
    page, author = visit.page, scene.author
    slow = await scene.service.assistant(author, echo("Takes long", model="scripted/slow-200"))
    await page.goto("/admin")
    body = {"assistantId": slow.id, "inputs": {"topic": "word " * 2000}}
    started = await scene.service.client.post("/api/executions", json=body, headers=author.headers)
    running = page.locator("#running")
    await expect(running).to_contain_text("Takes long")
    await expect(running).to_contain_text("tokens/s")
    await scene.service.client.post(started.json()["cancelUrl"], headers=author.headers)
    await expect(running).to_contain_text("Nothing runs at this moment.")


async def test_a_price_that_is_set_shows_in_what_runs_cost(scene: Scene, visit: Visit) -> None:
    page, model = visit.page, "scripted/long-400"
    await page.goto("/admin/models")
    await page.get_by_role("button", name="Price of a model").click()
    dialog = page.locator("dialog:open")
    await dialog.get_by_label("Model", exact=True).fill(model)
    await dialog.get_by_label("Input", exact=True).fill("two")
    await dialog.get_by_role("button", name="Set price").click()
    await expect(dialog.locator("[data-error=input]")).to_contain_text("must be an amount of dollars")
    await expect(dialog.locator("[data-error=output]")).to_contain_text("is missing")
    visit.errors[:] = [error for error in visit.errors if "422" not in error]
    await dialog.get_by_label("Input", exact=True).fill("2.50")
    await dialog.get_by_label("Output", exact=True).fill("10")
    await dialog.get_by_role("button", name="Set price").click()
    await said(page, "The price counts from now on.")
    row = page.get_by_role("row", name=model)
    await expect(row).to_contain_text("$2.50")
    assistant = await scene.service.assistant(scene.author, echo("Dear answers", model=model))
    run = await scene.service.run(scene.author, assistant, topic="the sea")
    # Four words in, four hundred out.
    await page.goto(f"/admin/executions/{run}")
    await expect(page.locator("main")).to_contain_text("$0.0040")
    assert await violations(page) == []
    await page.goto(f"/runs/{run}")
    await expect(page.locator("#state")).to_contain_text("$0.0040")
    await page.goto("/admin/executions?sort=cost")
    await expect(page.locator("table.executions tbody tr").first).to_contain_text("Dear answers")
    await page.goto("/admin")
    await expect(page.locator("table").filter(has=page.locator("th", has_text="Model"))).to_contain_text(
        [model, "$0.0040"]
    )
    await page.goto("/admin/models")
    await page.get_by_role("button", name=f"Remove the price of {model}").click()
    await page.get_by_role("button", name="Yes").click()
    await said(page, "The price is removed.")
    await expect(row).to_contain_text("nothing: runs here")

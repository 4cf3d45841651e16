"""Administrators at everybody's executions, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from app.db.records import AssistantRecord, UserRole
from tests.support.axe import violations_in_both_themes
from tests.support.pages import visit_of
from tests.support.service import Person, Service, echo, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]

WORDS = " ".join(f"word{number}" for number in range(40))
_BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def begun(service: Service, person: Person, assistant: AssistantRecord) -> str:
    body = {"assistantId": assistant.id, "inputs": {"topic": "end"}, "onDisconnect": "continue"}
    answer = await service.client.post("/api/executions", json=body, headers=person.headers)
    return str(answer.json()["id"])


async def shortcomings(page: Page) -> list[str]:
    """For axe in light and dark, and what is wider than a small window."""
    found = await violations_in_both_themes(page)
    await page.set_viewport_size({"width": 360, "height": 800})
    if (beyond := await page.evaluate(_BEYOND)) > 0:
        found.append(f"{beyond} px wider than the window")
    await page.set_viewport_size({"width": 1280, "height": 800})
    return found


async def test_a_run_is_found_watched_stopped_and_played_again(browser: Browser, tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        admin, author = await service.person_with_password(UserRole.ADMIN), await service.person(UserRole.AUTHOR)
        slow = echo(name="Slow", content=f"{WORDS} ${{topic}}", model="scripted/slow-1000")
        quick = echo(name="Quick", content=f"{WORDS} ${{topic}}", model="scripted/slow-50")
        await service.run(author, await service.assistant(author, quick), topic="end")
        live = await begun(service, author, await service.assistant(author, slow))
        async with visit_of(browser, service, admin) as visit:
            page = visit.page
            await page.goto("/admin/executions")
            await expect(page.locator("#live-line")).to_contain_text("1 running")
            assert await shortcomings(page) == []
            await page.locator(f"tr[data-execution='{live}']").get_by_role("link", name="Slow").click()
            await expect(page.get_by_role("heading", name="Why it is still running")).to_be_visible()
            await page.get_by_role("button", name="Stop").click()
            await expect(page.locator("#receipt")).to_contain_text("stopped after")
            record = await service.client.get(f"/api/executions/{live}", headers=author.headers)
            assert record.json()["endedBy"] == "admin"

            await page.goto("/admin/executions?status=completed&sort=duration")
            await expect(page.locator("tbody tr")).to_have_count(1)
            await expect(page.locator("th[aria-sort=descending]")).to_have_text("Duration")
            await page.get_by_role("link", name="Quick").click()
            await page.get_by_role("button", name="Load its events").click()
            await expect(page.locator("#player")).to_be_visible()
            scrubber, text = page.get_by_label("Moment"), page.locator("#replay-texts pre")
            await expect(scrubber).to_be_visible()
            await scrubber.fill(await scrubber.get_attribute("max") or "")
            await expect(text).to_have_text(f"{WORDS} end")
            await scrubber.fill("0")
            await expect(text).to_have_count(0)
            await page.get_by_label("Speed").select_option("20")
            await page.get_by_role("button", name="Play").click()
            await expect(text).to_have_text(f"{WORDS} end")
            await page.locator("#events summary").click()
            assert await page.locator("#event-rows tr").count() > 5
            assert await shortcomings(page) == []

            old = page.url
            await page.get_by_role("button", name="Run again …").click()
            await expect(page.locator("#rerun")).to_contain_text(f"{author.user.email} does not see it")
            assert await shortcomings(page) == []
            await page.get_by_role("button", name="Run again", exact=True).click()
            await page.wait_for_url(lambda url: "/admin/executions/" in url and url != old)
            await expect(page.get_by_role("link", name=old.rpartition("/")[2])).to_be_visible()
            await expect(page.locator("main")).to_contain_text(admin.user.email)
            rows = (await service.storage.audit.list(100)).items
            reruns = [(row.actor_id, row.target) for row in rows if row.action == "execution.rerun"]
            assert reruns == [(admin.user.id, old.rpartition("/")[2])]
            assert (visit.errors, visit.foreign) == ([], [])

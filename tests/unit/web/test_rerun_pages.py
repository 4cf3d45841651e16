"""What comes after a run, in a real browser: judging its answers, running it again from any prompt."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from app.db.records import UserRole
from tests.support.axe import violations
from tests.support.pages import answers, ended, run_of, start, visit_of
from tests.support.run_assistants import chain, prompt
from tests.support.service import running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200), pytest.mark.asyncio(loop_scope="session")]

TWO = chain(
    "Two steps", prompt("First", "first ${topic}", "echo", 0), prompt("Second", "${first}, then ${topic}", "echo", 1)
)


async def test_a_run_is_judged_and_run_again_from_a_later_prompt(browser: Browser, tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        await service.assistant(await service.person(UserRole.AUTHOR), TWO)
        async with visit_of(browser, service, await service.person_with_password()) as visit:
            page = visit.page
            run = await start(page, "Two steps", {"Topic": "one"})
            await ended(page)
            like = page.get_by_role("button", name="Like the answer of First", exact=True)
            await like.click()
            await expect(like).to_have_attribute("aria-pressed", "true")
            await page.reload()
            await ended(page)
            await expect(like).to_have_attribute("aria-pressed", "true")

            await page.get_by_role("button", name="Run from here").last.click()
            assert await violations(page) == []
            dialog = page.locator("#rerun")
            await expect(dialog.get_by_label("Topic")).to_have_value("one")
            await dialog.get_by_label("Topic").fill("two")
            await dialog.get_by_role("button", name="Run again").click()
            await page.wait_for_url(lambda url: run not in url)
            await ended(page)
            assert run_of(page) != run
            assert await answers(page) == ["first one", "first one, then two"]
            await expect(page.get_by_role("article", name="First")).to_contain_text("kept from the earlier run")
            await page.get_by_role("link", name="repeats an earlier run").click()
            await ended(page)
            assert run_of(page) == run
            assert (visit.errors, visit.foreign) == ([], [])

"""A test run beside the editor is the live view of a run's page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from app.db.records import AssistantStatus
from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.types import PromptId
from tests.support.author_pages import Author, accessible, fits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="session")]

CHAIN = Definition(
    name="Marked up",
    prompts=(
        PromptDefinition(
            PromptId("one"), "One", "Some **bold** words\n\n| | a |\n|---|---|\n| b | 1 |", "scripted/echo", 0
        ),
        PromptDefinition(PromptId("two"), "Two", "<b>no markup</b>", "scripted/echo", 0),
        PromptDefinition(PromptId("late"), "Late", "It cannot", "scripted/fault-500", 1),
    ),
)


async def test_a_test_run_shows_markdown_states_and_what_failed(author: Author) -> None:
    made = await author.service.assistant(author.person, CHAIN, AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit") as visit:
        page = visit.page
        await page.get_by_role("button", name="Test run").click()
        run = page.get_by_label("Test run", exact=True)
        await expect(run.locator("#state")).to_contain_text("Failed after")
        await expect(run.get_by_role("article", name="One").locator("strong")).to_have_text("bold")
        await expect(run.get_by_role("columnheader")).to_have_text(["a"])
        await expect(run.get_by_role("article", name="Two").locator("[data-output]")).to_have_text("<b>no markup</b>")
        await expect(run.get_by_role("article", name="Late").locator(".notice")).not_to_be_empty()
        await expect(run.locator(".stop-state")).to_have_text(["Completed", "Completed", "Failed"])
        await expect(run.locator("li.together .stop")).to_have_count(2)
        assert (await accessible(page), await fits(page)) == ([], True)
        assert await page.title() == "Marked up · Assistant Architect"


async def test_a_test_run_is_stopped_with_its_receipt_and_may_be_begun_again(author: Author) -> None:
    words = " ".join(["word"] * 400)
    prompts = (PromptDefinition(PromptId("answer"), "Answer", words, "scripted/slow-60"),)
    slow = Definition(name="Long winded", prompts=prompts)
    made = await author.service.assistant(author.person, slow, AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit", width=390) as visit:
        page = visit.page
        await page.get_by_role("button", name="Test run").click()
        run = page.get_by_label("Test run", exact=True)
        await expect(run.locator("[data-output]")).to_contain_text("word word")
        assert (await accessible(page), await fits(page)) == ([], True)
        bar, timeline = run.locator(".run-bar"), run.locator(".timeline")
        assert await bar.evaluate("one => one.getBoundingClientRect().bottom") <= await timeline.evaluate(
            "one => one.getBoundingClientRect().top"
        )
        await run.get_by_role("button", name="Stop").click()
        await expect(run.locator("#receipt")).to_contain_text("characters kept")
        await expect(run.locator("#state")).to_contain_text("Stopped after")
        await page.get_by_role("button", name="Save and run").click()
        await expect(run.locator("#receipt")).to_be_empty()
        await expect(run.locator("[data-output]")).to_contain_text("word word")
        await run.get_by_role("button", name="Stop").click()
        await expect(run.locator("#state")).to_contain_text("Stopped after")

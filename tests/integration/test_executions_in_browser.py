"""Administrators at everybody's executions, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.axe import violations
from tests.support.pages import create, signed_in
from tests.support.service import echo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WORDS = " ".join(f"word{number}" for number in range(40))


async def test_a_run_is_found_watched_stopped_and_played_again(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, visit, api):
        page = visit.page
        slow = await create(api, echo(name="Slow", content=f"{WORDS} ${{topic}}", model="scripted/slow-300"))
        quick = await create(api, echo(name="Quick", content=f"{WORDS} ${{topic}}", model="scripted/slow-20"))
        done = (await api.post("/api/executions", json={"assistantId": quick, "inputs": {"topic": "end"}})).json()["id"]
        await api.get(f"/api/executions/{done}/events")
        live = (await api.post("/api/executions", json={"assistantId": slow, "inputs": {"topic": "end"}})).json()["id"]

        await page.goto("/admin/executions")
        await expect(page.locator("#live-line")).to_contain_text("1 running")
        row = page.locator(f"tr[data-execution='{live}']")
        assert await shortcomings_of(page) == []
        await row.get_by_role("link", name="Slow").click()
        await expect(page.get_by_role("heading", name="Why it is still running")).to_be_visible()
        await page.get_by_role("button", name="Stop").click()
        await expect(page.locator("#receipt")).to_contain_text("stopped after")
        assert (await api.get(f"/api/executions/{live}")).json()["endedBy"] == "admin"

        await page.goto("/admin/executions?status=completed&sort=duration")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.locator("th[aria-sort=descending]")).to_have_text("Duration")
        await page.get_by_role("link", name="Quick").click()
        await page.get_by_role("button", name="Load its events").click()
        scrubber = page.get_by_label("Moment")
        await scrubber.fill(str(int(await scrubber.get_attribute("max") or 0) // 2))
        half = await page.locator("#replay-texts pre").text_content() or ""
        assert 0 < len(half) < len(f"{WORDS} end")
        assert f"{WORDS} end".startswith(half)
        await page.get_by_label("Speed").select_option("20")
        await page.get_by_role("button", name="Play").click()
        await expect(page.locator("#replay-texts pre")).to_have_text(f"{WORDS} end")
        await page.get_by_text("Events", exact=True).click()
        assert await page.locator("#event-rows tr").count() > 5
        assert await shortcomings_of(page) == []
        assert (visit.errors, visit.foreign) == ([], [])

"""What becomes of an assistant around the editor: saved, compared, submitted, listed, exported and imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Dialog, expect

from app.db.records import AssistantStatus, UserRole
from tests.support.author_pages import Author, accessible, fits, signed_in
from tests.support.service import as_json, echo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="session")]

ORIGIN_EXPORT = Path(__file__).parents[2] / "support" / "assistants-export.json"


async def test_unsaved_work_outlives_a_reload_and_leaving_with_it_asks(author: Author) -> None:
    made = await author.service.assistant(author.person, echo(name="Kept"), AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit") as visit:
        page = visit.page
        asked: list[str] = []

        async def leave(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.accept()

        page.on("dialog", leave)
        await page.reload()
        assert asked == []
        await page.get_by_label("Description").fill("Not saved yet")
        await expect(page.locator("#saved")).to_have_text("Changes not saved")
        await page.reload()
        assert asked == ["beforeunload"]
        assert await page.get_by_label("Description").input_value() == ""
        await page.get_by_role("button", name="Take them back").click()
        assert await page.get_by_label("Description").input_value() == "Not saved yet"
        assert await accessible(page) == []
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#saved")).to_have_text("Saved")
        await page.reload()
        await expect(page.locator("#kept")).to_be_hidden()
        assert asked == ["beforeunload"]


async def test_a_version_of_somebody_else_is_told_before_it_is_passed_over(author: Author) -> None:
    made = await author.service.assistant(author.person, echo(name="Contested"), AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit") as visit:
        page = visit.page
        await page.get_by_label("Description").fill("Mine")
        await author.service.storage.assistants.change(made.id, echo(name="Theirs"), author.person.user.id)
        await page.get_by_role("button", name="Save", exact=True).click()
        conflict = page.locator("#conflict")
        await expect(conflict).to_contain_text(f"{author.person.user.name or author.person.user.email} saved version 2")
        await expect(conflict).to_contain_text("You began from version 1.")
        compared = await conflict.get_by_role("link", name="See what changed").get_attribute("href")
        assert compared == f"/assistants/{made.slug}/versions?before=1&after=2"
        assert await accessible(page) == []
        await conflict.get_by_role("button", name="Not now").click()
        assert await page.get_by_label("Description").input_value() == "Mine"
        assert (await author.stored(page))["name"] == "Theirs"
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(conflict).to_be_visible()
        # Somebody saves once more while the author reads what the dialog says: that is told as well.
        await author.service.storage.assistants.change(made.id, echo(name="Theirs again"), author.person.user.id)
        await conflict.get_by_role("button", name="Save mine as a newer version").click()
        await expect(conflict).to_contain_text("saved version 3")
        await conflict.get_by_role("button", name="Save mine as a newer version").click()
        await expect(page.locator("#version")).to_have_text("Version 4")
        assert (await author.stored(page))["description"] == "Mine"
        # The browser itself notes the refused requests.
        visit.errors[:] = [error for error in visit.errors if "412" not in error]


async def test_an_assistant_is_submitted_and_what_an_administrator_says_is_shown(author: Author) -> None:
    made = await author.service.assistant(author.person, echo(name="Asked for"), AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit") as visit:
        page = visit.page
        await page.get_by_role("button", name="Submit for approval").click()
        await expect(page.locator("#status")).to_have_text("Waiting for approval")
        await expect(page.get_by_role("button", name="Submit for approval")).to_be_hidden()
        await author.service.storage.assistants.set_status(
            made.id, AssistantStatus.REJECTED, [AssistantStatus.PENDING_APPROVAL], "Name your sources."
        )
        await page.reload()
        await expect(page.locator("#rejected")).to_contain_text("Name your sources.")
        await page.get_by_role("button", name="More actions").click()
        await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
        assert await accessible(page) == []
        await page.get_by_role("button", name="Delete").click()
        await page.locator("#removal-sure").click()
        await page.wait_for_url("**/assistants")
        await expect(page.get_by_role("link", name="Asked for")).to_have_count(0)


async def test_versions_are_compared_and_an_old_one_is_restored(author: Author) -> None:
    made = await author.service.assistant(author.person, echo(name="Told again"), AssistantStatus.DRAFT)
    await author.service.storage.assistants.change(
        made.id, echo(name="Told again", content="Sing of ${topic}"), author.person.user.id
    )
    async with author.visit(f"/assistants/{made.slug}/versions", width=390) as visit:
        page = visit.page
        await expect(page.locator(".difference del")).to_have_text(["    Say ${topic}"])
        await expect(page.locator(".difference ins")).to_have_text(["    Sing of ${topic}"])
        assert (await accessible(page), await fits(page)) == ([], True)
        await page.get_by_role("button", name="Restore version 1").click()
        await page.wait_for_url("**/versions?before=2&after=3")
        await expect(page.locator(".difference ins")).to_have_text(["    Say ${topic}"])
        await page.get_by_label("Version 1 as the one before").check()
        await page.get_by_role("button", name="Compare").click()
        await expect(page.locator(".empty")).to_have_text("Nothing differs.")


async def test_the_list_shows_states_and_exports_what_is_chosen(author: Author) -> None:
    for name in ("Listed one", "Listed two"):
        await author.service.assistant(author.person, echo(name=name), AssistantStatus.DRAFT)
    async with author.visit("/assistants", width=390) as visit:
        page = visit.page
        export = page.get_by_role("button", name="Export", exact=True)
        await expect(export).to_be_disabled()
        await page.get_by_label("Choose Listed one").check()
        await page.get_by_label("Choose Listed two").check()
        async with page.expect_download() as downloaded:
            await export.click()
        file = json.loads((await (await downloaded.value).path()).read_text())
        assert sorted(one["name"] for one in file["assistants"]) == ["Listed one", "Listed two"]
        assert (await accessible(page), await fits(page)) == ([], True)
        await page.get_by_label("State").select_option("approved")
        await page.get_by_role("button", name="Show").click()
        await page.wait_for_url("**/assistants?status=approved")
        await expect(page.locator(".empty")).to_contain_text("No assistant is in this state")
        assert await accessible(page) == []


async def test_an_administrator_sees_everybody_s_and_imports_a_file(author: Author, browser: Browser) -> None:
    await author.service.assistant(author.person, echo(name="An author's own"), AssistantStatus.DRAFT)
    async with signed_in(author.service, browser, UserRole.ADMIN) as admin, admin.visit("/assistants") as visit:
        page = visit.page
        await expect(page.get_by_role("link", name="Build the first one")).to_be_visible()
        assert await accessible(page) == []
        await page.get_by_label("Whose").select_option("all")
        await page.get_by_role("button", name="Show").click()
        row = page.get_by_role("row").filter(has_text="An author's own")
        await expect(row).to_contain_text(author.person.user.email)

        await page.get_by_role("button", name="Import", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("File").set_input_files(ORIGIN_EXPORT)
        await dialog.get_by_role("button", name="Import", exact=True).click()
        await expect(dialog.locator(".notice.bad").first).to_be_visible()
        await dialog.get_by_label("Model in place of unknown ones").fill("scripted/echo")
        await dialog.get_by_role("button", name="Import", exact=True).click()
        await expect(dialog.locator(".notice.good").first).to_contain_text("Imported")
        assert await accessible(page) == []
        visit.errors = [error for error in visit.errors if "422" not in error]
        await dialog.get_by_role("button", name="Close").click()
        await expect(page.locator(".badge[data-status=pending_approval]").first).to_be_visible()

        await row.get_by_role("link", name="An author's own", exact=True).click()
        more = page.get_by_role("button", name="More actions")
        await more.click()
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.locator("#status")).to_have_text("Approved")
        await more.click()
        assert await accessible(page) == []
        await page.get_by_role("button", name="Disable", exact=True).click()
        await expect(page.locator("#status")).to_have_text("Disabled")


async def test_every_kind_of_field_and_every_limit_reaches_the_service(author: Author) -> None:
    full = {
        **as_json(echo(name="Everything")),
        "fields": [
            {"name": "a", "type": "long_text", "label": "A", "options": {"placeholder": "p", "maxLength": 9, "rows": 3}},
            {"name": "b", "type": "select", "label": "B", "options": {"choices": [{"value": "x", "label": "X"}], "default": "x"}},
            {"name": "c", "type": "multi_select", "label": "C", "options": {"choices": [{"value": "y"}], "maxSelections": 1}},
            {"name": "d", "type": "file_upload", "label": "D", "options": {"accept": ".txt", "maxSize": 10, "multiple": True}},
        ],
        "prompts": [
            {
                "id": "p1", "name": "P1", "position": 0, "content": "${a} ${b} ${m}", "model": "scripted/echo", "system": "Be ${c}",
                "fallbackModels": ["scripted/other"], "inputMapping": {"m": "input.d"}, "timeouts": {"idle": 5}, "maxOutputTokens": 7,
                "temperature": 0.5,
            }
        ],
        "onError": "continue", "onDisconnect": "grace:45", "timeoutSeconds": 120,
    }  # fmt: skip
    answer = await author.service.client.post("/api/assistants", json=full, headers=author.person.headers)
    before = answer.raise_for_status().json()
    async with author.visit(f"/assistants/{before['slug']}/edit", width=390) as visit:
        page = visit.page
        await page.get_by_label("Description").fill("Only this is new.")
        for summary in await page.locator(".item .summary").all():
            await summary.click()
        await page.get_by_text("More: limits").click()
        assert (await accessible(page), await fits(page)) == ([], True)
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#version")).to_have_text("Version 2")
        after = await author.stored(page)
        assert after["definition"] == {**before["definition"], "description": "Only this is new."}

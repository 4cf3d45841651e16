"""An author at work: everything the editor's pages promise, in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Page, expect

from app.db.records import AssistantStatus
from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.types import PromptId
from tests.support.author_pages import Author, accessible, fits
from tests.support.service import echo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = Path(__file__).parents[3] / "app" / "examples"

ACCESSIBLE_NAME = """() => {
  const { activeElement: one } = document;
  return one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent;
}"""


def chain_of(*names: str, position: int | None = None) -> Definition:
    """One field, `topic`, and a prompt for each name, one after another or all at `position`."""
    prompts = tuple(
        PromptDefinition(
            PromptId(name.lower()),
            name,
            f"{name} about ${{topic}}",
            "scripted/echo",
            number if position is None else position,
        )
        for number, name in enumerate(names)
    )
    return Definition("Chain", fields=(InputField("topic", FieldType.SHORT_TEXT, "Topic"),), prompts=prompts)


async def drawn(page: Page) -> list[list[str]]:
    """The chain as it is drawn: names by step."""
    steps = await page.locator(".chain .step").all()
    return [await step.locator(".node-name").all_text_contents() for step in steps]


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Go on with Tab, or back with Shift+Tab, until what has this accessible name (a pattern) has the focus."""
    found = ""
    for _ in range(80):
        await page.keyboard.press(key)
        found = str(await page.evaluate(ACCESSIBLE_NAME)).strip()
        if re.fullmatch(name, found):
            return
    raise AssertionError(f"{name} was not reached; the last was {found}")


async def test_an_assistant_is_built_from_nothing_and_run_by_keyboard_alone(author: Author) -> None:
    async with author.visit("/assistants/new") as visit:
        page = visit.page
        await expect(page.get_by_label("Name").first).to_be_focused()
        await page.keyboard.type("Two voices")
        await tab_to(page, "Add a field")
        await press(page, "Enter")
        await page.keyboard.type("Main topic")
        await tab_to(page, "Add a prompt")
        await press(page, "Enter")
        await page.keyboard.type("Second voice")
        await tab_to(page, "Model")
        await press(page, "Control+a")
        await page.keyboard.type("scripted/echo")
        await tab_to(page, "Prompt")
        await page.keyboard.type("Against {{ ma")
        await expect(page.get_by_role("option", name="main_topic")).to_have_attribute("aria-selected", "true")
        await press(page, "Enter")
        assert await page.evaluate("document.activeElement.value") == "Against {{ main_topic }}"
        # Back to the first prompt of the chain; then the second one beside it.
        await tab_to(page, "Prompt 1scripted/echo.*", "Shift+Tab")
        await press(page, "Enter")
        await tab_to(page, "Prompt")
        await page.keyboard.type("For ${")
        await press(page, "ArrowDown", "ArrowUp", "Tab")
        assert await page.evaluate("document.activeElement.value") == "For ${main_topic}"
        await tab_to(page, "Second voicescripted/echo.*", "Shift+Tab")
        await press(page, "Alt+ArrowUp")
        await expect(page.locator("#announcer")).to_have_text("Second voice is now step 1 of 1, beside Prompt 1.")
        assert await drawn(page) == [["Prompt 1", "Second voice"]]
        await press(page, "Control+s")
        await expect(page.locator("#version")).to_have_text("Version 1")
        await page.wait_for_url("**/assistants/two-voices/edit")

        await tab_to(page, "Test run", "Shift+Tab")
        await press(page, "Enter")
        await expect(page.get_by_label("Main topic")).to_be_focused()
        await page.keyboard.type("the sea")
        await tab_to(page, "Save and run")
        await press(page, "Enter")
        await expect(page.get_by_label("Test run", exact=True)).to_contain_text("Completed after")
        answers = page.get_by_label("Test run", exact=True).locator("[data-output]")
        await expect(answers).to_have_text(["For the sea", "Against the sea"])
        definition = (await author.stored(page))["definition"]
        assert definition["fields"] == [
            {"name": "main_topic", "type": "short_text", "label": "Main topic", "required": True, "options": {}}
        ]
        assert [prompt.get("position", 0) for prompt in definition["prompts"]] == [0, 0]
        assert (await accessible(page), await fits(page)) == ([], True)


async def test_fields_are_put_in_order_by_keyboard_and_by_dragging(author: Author) -> None:
    fields = tuple(InputField(name, FieldType.SHORT_TEXT, name.title()) for name in ("one", "two", "three"))
    content = "${one} ${two} ${three}"
    definition = Definition(
        "Order", fields=fields, prompts=(PromptDefinition(PromptId("p"), "P", content, "scripted/echo"),)
    )
    made = await author.service.assistant(author.person, definition, AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit") as visit:
        page = visit.page
        names = page.locator(".item-name")
        await page.locator(".item .summary").first.focus()
        await press(page, "Alt+ArrowDown")
        await expect(names).to_have_text(["Two", "One", "Three"])
        await expect(page.locator("#announcer")).to_have_text("One is now field 2 of 3.")
        await expect(page.locator(".item .summary").nth(1)).to_be_focused()

        grip, target = page.locator(".item .grip").nth(2), page.locator(".item").first
        await grip.hover()
        await page.mouse.down()
        box = await target.bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + 20, box["y"] + 30, steps=4)
        await page.mouse.move(box["x"] + 20, box["y"] + 3, steps=4)
        await expect(page.locator(".drop-before")).to_have_count(1)
        await page.mouse.up()
        await expect(names).to_have_text(["Three", "Two", "One"])

        await page.get_by_role("button", name="Duplicate").nth(1).click()
        await expect(page.locator(".item code")).to_have_text(["three", "two", "two_2", "one"])
        await page.get_by_role("button", name="Remove", exact=True).nth(0).click()
        await page.get_by_role("button", name="Save", exact=True).click()
        # A field is gone that the prompt still names: nothing is saved, and the prompt says so.
        await expect(page.locator(".line-problems")).to_contain_text(["", "three"])
        assert (await author.stored(page))["version"] == 1
        visit.errors = [error for error in visit.errors if "422" not in error]


async def test_prompts_are_dragged_between_the_steps_of_a_chain(author: Author) -> None:
    made = await author.service.assistant(author.person, chain_of("First", "Second", "Third"), AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit") as visit:
        page = visit.page

        async def drag(name: str, onto: str, right: float, down: float) -> None:
            node = page.locator(".beside > li").filter(has_text=name)
            box = await page.locator(".beside > li").filter(has_text=onto).bounding_box()
            assert box is not None
            await node.locator(".grip").hover()
            await page.mouse.down()
            x, y = box["x"] + box["width"] * right, box["y"] + box["height"] * down
            await page.mouse.move(x, y - 20, steps=3)
            await page.mouse.move(x, y, steps=3)
            await page.mouse.up()

        await drag("Third", onto="First", right=0.9, down=0.5)
        assert await drawn(page) == [["First", "Third"], ["Second"]]
        await drag("First", onto="Second", right=0.5, down=1.4)
        assert await drawn(page) == [["Third"], ["Second"], ["First"]]
        await page.locator(".node").filter(has_text="Second").click()
        await expect(page.locator(".prompt-panel:visible")).to_contain_text("Step 2 of 3")
        await page.locator(".prompt-panel:visible").get_by_role("button", name="Move to a later step").click()
        assert await drawn(page) == [["Third"], ["Second", "First"]]
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#version")).to_have_text("Version 2")
        prompts = (await author.stored(page))["definition"]["prompts"]
        assert [(one["name"], one.get("position", 0)) for one in prompts] == [("Third", 0), ("Second", 1), ("First", 1)]


async def test_problems_stand_beside_the_line_that_has_them_while_one_types(author: Author) -> None:
    made = await author.service.assistant(author.person, echo(), AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit") as visit:
        page = visit.page
        prompt = page.locator(".prompt-panel:visible [data-path=content] textarea")
        await prompt.fill("Say ${topic}\nin the tone of {{ tone }}\n{% if %}")
        problems = page.locator("[data-path=content] .line-problems li")
        await expect(problems.first).to_be_visible()
        await expect(page.locator("[data-path=content] .line").nth(2)).to_have_attribute("data-severity", "error")
        await expect(page.locator(".node-count")).to_be_visible()
        await expect(page.locator(".token-known")).to_have_text(["topic"])
        await prompt.fill("Say it\nin the tone of {{ tone }}")
        await expect(page.locator("[data-path=content] .line").nth(1)).to_have_attribute("data-severity", "error")
        await expect(page.locator(".token-unknown")).to_have_text(["tone"])
        assert (await accessible(page), await fits(page)) == ([], True)
        await problems.first.get_by_role("button").click()
        await expect(prompt).to_be_focused()
        assert await prompt.evaluate("one => one.value.slice(0, one.selectionStart).split('\\n').length") == 2
        await prompt.fill("Say it")
        # Nothing is wrong with the prompt now; the field that nobody uses is told where it is, as a warning.
        await expect(problems).to_have_count(0)
        await expect(page.locator(".item .error[data-severity=warning]").first).to_contain_text(
            "No prompt uses the field 'topic'"
        )
        await expect(page.locator("[aria-invalid]")).to_have_count(0)


async def test_what_a_save_refuses_is_told_where_it_is_and_focused(author: Author) -> None:
    async with author.visit("/assistants/new") as visit:
        page = visit.page
        await page.get_by_label("Name").first.fill("Refused")
        await page.get_by_role("button", name="Add a field").click()
        await page.get_by_label("Type").select_option("select")
        await page.get_by_role("button", name="Add a choice").click()
        await page.locator(".item .summary").click()
        await page.locator("[data-path=model] input:visible").fill("")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("[data-path=model] input:visible")).to_have_attribute("aria-invalid", "true")
        await page.locator("[data-path=model] input:visible").fill("no model")
        await page.locator("[data-path=content] textarea:visible").fill("Say ${field}")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("[data-path=model] .error")).to_contain_text("is no model")
        await expect(page.locator("[data-path=model] input:visible")).to_be_focused()
        assert await accessible(page) == []
        visit.errors = [error for error in visit.errors if "422" not in error]


async def test_a_preview_shows_each_prompt_as_it_would_be_sent(author: Author) -> None:
    made = await author.service.assistant(author.person, echo(name="Looked at"), AssistantStatus.DRAFT)
    async with author.visit(f"/assistants/{made.slug}/edit", width=390) as visit:
        page = visit.page
        await page.get_by_role("button", name="Preview", exact=True).click()
        await page.get_by_role("button", name="Preview the prompts").click()
        await expect(page.locator(".samples .error")).not_to_be_empty()
        await page.get_by_label("Topic").fill("the sea")
        await page.get_by_role("button", name="Preview the prompts").click()
        await expect(page.get_by_label("Preview", exact=True).locator("pre")).to_have_text("Say the sea")
        await expect(page.get_by_label("Preview", exact=True)).to_contain_text("11 characters, about 3 tokens")
        assert (await accessible(page), await fits(page)) == ([], True)
        # The browser notes what was refused, and that a definition cannot be previewed before it is saved.
        visit.errors = [error for error in visit.errors if "422" not in error]


async def test_samples_are_filled_into_every_kind_of_field(author: Author) -> None:
    example = json.loads((EXAMPLES / "rewrite-a-message.json").read_text())
    for prompt in example["prompts"]:
        prompt["model"] = "scripted/echo"
    answer = await author.service.client.post("/api/assistants", json=example, headers=author.person.headers)
    async with author.visit(f"/assistants/{answer.raise_for_status().json()['slug']}/edit") as visit:
        page = visit.page
        await page.get_by_role("button", name="Preview", exact=True).click()
        samples = page.locator(".samples")
        await samples.get_by_label("To", exact=False).first.fill("Anna")
        await samples.get_by_label("Message").fill("Line one")
        await samples.get_by_label("Make it").select_option(label="Friendlier")
        await samples.get_by_label("See you").check()
        notes = FilePayload(name="notes.txt", mimeType="text/plain", buffer="Grüße – 你好".encode())
        await samples.get_by_label("Notes to add").set_input_files(notes)
        await page.get_by_role("button", name="Preview the prompts").click()
        shown = page.get_by_label("Preview", exact=True)
        for words in ("Anna", "Line one", "friendly", "Grüße – 你好"):
            await expect(shown).to_contain_text(words)
        assert await accessible(page) == []
        # The browser notes that there is no preview of what is not saved.


async def test_what_is_drawn_in_colours_lies_where_the_text_is(author: Author) -> None:
    text = "\n".join(f"{'word ' * number}{{{{ topic }}}} ${{topic}}{'x' * number}" for number in range(60))
    made = await author.service.assistant(author.person, echo(name="Long", content=text), AssistantStatus.DRAFT)
    for width in (1280, 390):
        async with author.visit(f"/assistants/{made.slug}/edit", width=width) as visit:
            box = visit.page.locator("[data-path=content] .template-box")
            heights = "box => [...box.children].slice(0, 2).map((one) => one.scrollHeight)"
            mirror, area = await box.evaluate(heights)
            assert mirror == area > 2000
            await box.locator("textarea").evaluate("area => { area.scrollTop = 700; }")
            await visit.page.wait_for_function(
                "() => document.querySelector('[data-path=content] .mirror').scrollTop === 700"
            )

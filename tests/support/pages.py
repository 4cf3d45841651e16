"""The pages of runs as people use them: sign in, start, watch, copy what was answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.support.chromium import Visit
from tests.support.service import PASSWORD, Person, Service

#: For a script in a page: gives `load`, (path) => module; the address of our modules is that of the page's own.
LOAD = """const base = document.querySelector("script[src*='/js/shell.js']").src.replace(/shell\\.js$/, '');
  const load = (path) => import(base + path);"""


@asynccontextmanager
async def visit_of(browser: Browser, service: Service, person: Person, **more: Any) -> AsyncIterator[Visit]:
    """A browser of its own for somebody `with_password`, signed in; `more` describes it, as `color_scheme="dark"`."""
    base_url = str(service.client.base_url).rstrip("/")
    context = await browser.new_context(base_url=base_url, **more)
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    page.set_default_timeout(20_000)
    visit = Visit(page, base_url)
    try:
        # The page for it has its own test.
        answer = await context.request.post(
            "/api/session",
            data={"email": person.user.email, "password": PASSWORD},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status == 200, await answer.text()
        await page.goto("/")
        yield visit
    finally:
        await context.close()


async def start(page: Page, assistant: str, fields: Mapping[str, str]) -> str:
    """Run an assistant of the gallery by its name; return the run's id once its page is there."""
    await page.goto("/")
    await page.get_by_role("link", name=assistant, exact=True).click()
    for label, text in fields.items():
        await _fill(page.get_by_label(label), text)
    await page.get_by_role("button", name="Run").click()
    await page.locator("#run").wait_for()
    return run_of(page)


async def _fill(field: Locator, text: str) -> None:
    """As one piece: typing a long text for a person takes the browser's debugger a minute."""
    await field.evaluate("(field, text) => { field.value = text; }", text)
    await field.dispatch_event("input")


def run_of(page: Page) -> str:
    """The run that a page shows."""
    return page.url.rpartition("/runs/")[2]


async def text_arrives(page: Page, characters: int = 20) -> None:
    await page.wait_for_function(
        "least => (document.querySelector('[data-output]')?.textContent ?? '').length >= least", arg=characters
    )


async def ended(page: Page, words: str = "Completed after") -> None:
    """The run has ended and all of it is shown."""
    await page.locator("#state").filter(has_text=words).wait_for()
    await page.locator("#run[data-shown]").wait_for()


async def answers(page: Page) -> list[str]:
    """What each prompt with an answer gives to the clipboard."""
    given = []
    for button in await page.locator("[data-copy-answer]:visible").all():
        await page.evaluate("navigator.clipboard.writeText('nothing was copied')")
        await button.click()
        await page.wait_for_function("async () => (await navigator.clipboard.readText()) !== 'nothing was copied'")
        given.append(await page.evaluate("navigator.clipboard.readText()"))
    return given


async def shows_what_it_copies(page: Page) -> None:
    """What stands in the page is what rendering the whole answer at once gives."""
    for output in await page.locator("[data-output]:visible").all():
        await expect(output).to_have_attribute("aria-busy", "false")
    base = (await page.locator("script[src*='/js/run/show.js']").get_attribute("src") or "").rpartition("/run/")[0]
    for given, shown in zip(await answers(page), await _texts(page), strict=True):
        whole = await page.evaluate(
            "async ([base, text]) => (await import(`${base}/markdown/md.js`)).rendered(text).textContent", [base, given]
        )
        assert shown == whole


async def _texts(page: Page) -> list[str]:
    """The texts of the answers without the buttons among them."""
    texts: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('[data-output]')].filter((one) => one.offsetParent).map((one) => {
          const copy = one.cloneNode(true);
          copy.querySelectorAll('.code-copy').forEach((button) => button.remove());
          return copy.textContent;
        })"""
    )
    return texts

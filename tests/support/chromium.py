"""A real browser on our pages, and everything it complains about."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Playwright, Request, async_playwright, expect

#: The first does nothing but what is needed without a screen, and so computes less than the others.
NAMES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW_TO_GET_ONE = (
    "No Chromium here. Get one with `apt install chromium-headless-shell`, or for this user alone with "
    "`.venv/bin/python -m playwright install --only-shell chromium`."
)


#: How long an expectation waits: what a page shows is not late only because the machine is busy.
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)


class Visit:
    """One page and what went wrong on it: console errors (content policy among them), exceptions, foreign requests."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self._home = base_url + "/"
        page.on("console", self._console)
        page.on("pageerror", self._exception)
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _exception(self, error: Error) -> None:
        self.errors.append(str(error))

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._home, "data:")):
            self.foreign.append(request.url)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser of this machine, or Playwright's own; without one the test is skipped."""
    async with async_playwright() as playwright:
        browser = await _launch(playwright)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(browser: Browser, base_url: str, wait_seconds: float) -> AsyncIterator[Visit]:
    """A fresh page; every wait on it fails after `wait_seconds`."""
    page = await browser.new_page(base_url=base_url)
    page.set_default_timeout(wait_seconds * 1000)
    try:
        yield Visit(page, base_url)
    finally:
        await page.close()


async def _launch(playwright: Playwright) -> Browser:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    try:
        return await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
    except Error as error:
        if found is None and "playwright install" in str(error):
            pytest.skip(HOW_TO_GET_ONE)
        raise

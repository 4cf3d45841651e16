"""An author signed in with a real browser, at a service in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from app.db.records import UserRole
from tests.support import axe
from tests.support.chromium import Visit
from tests.support.service import PASSWORD, Person, Service, running_service

WAIT_MS = 20_000


class Author:
    """Somebody who builds assistants, in one browser; each visit is a page of its own."""

    def __init__(self, service: Service, person: Person, context: BrowserContext) -> None:
        self.service = service
        self.person = person
        self.context = context

    async def stored(self, page: Page) -> dict[str, Any]:
        """What the service holds of the assistant that the page edits."""
        name = page.url.split("/")[4]
        answer = await self.service.client.get(f"/api/assistants/{name}", headers=self.person.headers)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    @asynccontextmanager
    async def visit(self, path: str, width: int = 1280) -> AsyncIterator[Visit]:
        """A page and what went wrong on it; the caller decides about `errors`."""
        base_url = str(self.service.client.base_url)
        page = await self.context.new_page()
        page.set_default_timeout(WAIT_MS)
        visit = Visit(page, base_url)
        await page.set_viewport_size({"width": width, "height": 900})
        try:
            await page.goto(path)
            yield visit
            assert (visit.errors, visit.foreign) == ([], [])
        finally:
            await page.close()


@asynccontextmanager
async def author_at_work(browser: Browser, directory: Path) -> AsyncIterator[Author]:
    """A service with one author, who is signed in."""
    async with running_service(directory) as service, signed_in(service, browser, UserRole.AUTHOR) as author:
        yield author


@asynccontextmanager
async def signed_in(service: Service, browser: Browser, role: UserRole) -> AsyncIterator[Author]:
    """Somebody new, with the cookies of their own."""
    person = await service.person_with_password(role)
    context = await browser.new_context(base_url=str(service.client.base_url))
    try:
        page = await context.new_page()
        await page.goto("/sign-in")
        await page.fill("#email", person.user.email)
        await page.fill("#password", PASSWORD)
        await page.locator("#with-password button").click()
        await page.locator("#places-build").wait_for(state="attached")
        await page.close()
        yield Author(service, person, context)
    finally:
        await context.close()


async def accessible(page: Page) -> list[str]:
    """What of the page as it is people with disabilities could not use, light and dark."""
    return await axe.violations_in_both_themes(page)


async def fits(page: Page) -> bool:
    """Whether nothing makes the page wider than its window."""
    wide: bool = await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return wide

"""A mid-range phone in a town: the first page is there and usable within a second."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from app.db.records import UserRole
from tests.support.chromium import Visit
from tests.support.pages import ended, start, visit_of
from tests.support.phone import first_visit
from tests.support.service import Service, echo, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("service")) as service:
        author = await service.person(UserRole.AUTHOR)
        for number in range(12):
            await service.assistant(author, echo(name=f"Echo {number}", description="Says what it is told."))
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visit(browser: Browser, service: Service) -> AsyncIterator[Visit]:
    async with visit_of(browser, service, await service.person_with_password(), viewport=PHONE) as visit:
        yield visit


async def test_the_first_page_is_interactive_within_a_second(browser: Browser, visit: Visit) -> None:
    cost = await first_visit(browser, visit.page, "/")
    assert cost.round_trips <= 3
    assert cost.interactive_ms < 1000, cost


async def test_a_run_asks_for_all_it_needs_at_once(browser: Browser, visit: Visit) -> None:
    await start(visit.page, "Echo 1", {"Topic": "Some *words*."})
    await ended(visit.page)
    cost = await first_visit(browser, visit.page, visit.page.url)
    assert cost.round_trips <= 7, cost
    assert cost.size < 160_000, cost
    assert cost.interactive_ms < 2000, cost

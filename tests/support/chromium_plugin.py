"""A browser as a fixture: started by the first test of a process that asks for one, and then kept for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Tests that use it run in the loop of the session, and close the contexts they open."""
    # Most runs of a few tests need none of it.
    from tests.support.chromium import browsing

    async with browsing() as browser:
        yield browser

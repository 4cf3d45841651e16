from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support.author_pages import Author, author_at_work


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def author(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Author]:
    async with author_at_work(browser, tmp_path_factory.mktemp("editor")) as author:
        yield author

"""One running service for the tests of a module, and new people for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.db.records import UserRole
from tests.support.service import Person, Service, running_service


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("service"), heartbeat_seconds="0.3") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def admin(service: Service) -> Person:
    return await service.person(UserRole.ADMIN)


@pytest_asyncio.fixture(loop_scope="module")
async def author(service: Service) -> Person:
    return await service.person(UserRole.AUTHOR)


@pytest_asyncio.fixture(loop_scope="module")
async def user(service: Service) -> Person:
    return await service.person(UserRole.USER)

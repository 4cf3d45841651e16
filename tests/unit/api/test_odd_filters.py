"""Addresses with letters that a database keeps as no text, or that mean something in a pattern, on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.database import fresh_database
from tests.support.service import Service, echo, running_service

WITH_NUL = (
    *(f"/api/admin/executions?{name}=%00" for name in ("code", "user", "assistant", "model", "q")),
    *(f"/api/admin/audit?{name}=%00" for name in ("actor", "action", "target")),
    *("/api/admin/users?q=%00", "/api/executions?assistantId=%00"),
)
UNDER_NUL = ("/api/admin/executions/%00", "/api/executions/%00/events", "/api/assistants/%00", "/runs/%00")


@pytest.fixture(params=["sqlite", "postgresql"])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    url = fresh_database(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    async with running_service(tmp_path, database_url=url) as running:
        yield running


async def test_a_letter_that_no_text_holds_is_refused_in_any_filter_and_names_nothing(service: Service) -> None:
    admin = await service.person()
    for address in (*WITH_NUL, *UNDER_NUL):
        answer = await service.client.get(address, headers=admin.headers)
        told = (404, "not_found") if address in UNDER_NUL else (400, "invalid_request")
        assert (answer.status_code, answer.json()["code"]) == told, address


async def test_signs_that_mean_something_in_a_pattern_are_signs(service: Service) -> None:
    admin = await service.person()
    await service.run(admin, await service.assistant(admin, echo(model="scripted/fault-500")), topic="x")
    for text, found in (("%", 0), ("_", 0), ("\\", 0), ("e", 1)):
        answer = await service.client.get("/api/admin/executions", params={"q": text}, headers=admin.headers)
        assert len(answer.json()["items"]) == found, text

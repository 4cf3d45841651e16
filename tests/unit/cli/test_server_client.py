"""`assistants run` against a running server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.support.service import Service, echo, running_service


async def run(service: Service, key: str, *arguments: str) -> Result:
    url = str(service.client.base_url)
    command = ["assistants", "run", *arguments, "--url", url, "--key", key]
    return await asyncio.to_thread(CliRunner().invoke, main, command)


@pytest.fixture
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AA_DATA_DIR", str(tmp_path))


@pytest.mark.usefixtures("_environment")
async def test_a_run_shows_the_text_and_how_it_ended(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        ada = await service.person()
        assistant = await service.assistant(ada)
        result = await run(service, ada.key, assistant.slug, "-i", "topic=the sea")
        assert (result.exit_code, result.stdout) == (0, "Say the sea")
        assert "completed after" in result.stderr


@pytest.mark.usefixtures("_environment")
async def test_a_run_that_fails_says_why_and_exits_with_1(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        ada = await service.person()
        assistant = await service.assistant(ada, echo(model="scripted/nobody"))
        failed = await run(service, ada.key, assistant.slug, "-i", "topic=x")
        assert (failed.exit_code, "failed after" in failed.stderr) == (1, True)
        refused = await run(service, ada.key, assistant.slug, "-i", "colour=blue")
        assert refused.exit_code == 1
        assert {"inputs.topic:", "inputs.colour:"} <= set(refused.stderr.split())
        unknown = await run(service, "aa_live_x", assistant.slug)
        assert (unknown.exit_code, "Sign in" in unknown.stderr) == (1, True)

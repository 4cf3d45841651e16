"""What the server says when it is ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bootstrap import Welcome
from app.cli.serve import _greet
from app.settings import Settings
from tests.support.keys import TEST_API_KEY


def greeting(directory: Path, capsys: pytest.CaptureFixture[str], key: str | None, **environment: str) -> str:
    settings = Settings.load({"AA_DATA_DIR": str(directory), "AA_LOCAL_MODEL": "off", **environment})
    _greet(settings, Welcome("ada@example.org", "token", key), 8000)
    return capsys.readouterr().out


def test_a_key_that_was_made_here_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"API key: {TEST_API_KEY}\n" in greeting(tmp_path, capsys, TEST_API_KEY)


def test_a_key_that_was_given_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = greeting(tmp_path, capsys, TEST_API_KEY, AA_BOOTSTRAP_API_KEY=TEST_API_KEY)
    assert TEST_API_KEY not in said
    assert "API key: the one in AA_BOOTSTRAP_API_KEY\n" in said


def test_a_key_that_was_revoked_is_told_with_the_way_to_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "keys create" in greeting(tmp_path, capsys, None)

"""The rule of tests.support.no_skips_plugin, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPED_TEST = "import pytest\n@pytest.mark.skip(reason='no browser')\ndef test_it() -> None: ...\n"
SKIPPED_MODULE = "import pytest\npytest.skip('no browser', allow_module_level=True)\n"
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test_it() -> None:\n    assert False\n"
PASSING = "def test_passes() -> None: ...\n"


def run_pytest(folder: Path, test: str, *, ci: str) -> tuple[int, str]:
    """Exit code and output of a run of one passing test and this one."""
    (folder / "test_passing.py").write_text(PASSING)
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.no_skips_plugin", "-p", "no:cacheprovider"]
    # Other plugins take seconds to load.
    env = {**os.environ, "CI": ci, "PYTHONPATH": str(Path.cwd()), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run([*command, str(folder)], cwd=folder, env=env, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout


@pytest.mark.parametrize("test", [SKIPPED_TEST, SKIPPED_MODULE])
def test_in_ci_a_skip_fails_the_run_and_says_why(tmp_path: Path, test: str) -> None:
    code, output = run_pytest(tmp_path, test, ci="true")
    assert code != 0
    assert "no browser); in CI every test must run." in output


@pytest.mark.parametrize("test", [SKIPPED_TEST, SKIPPED_MODULE])
def test_elsewhere_a_skip_is_a_skip(tmp_path: Path, test: str) -> None:
    code, output = run_pytest(tmp_path, test, ci="")
    assert (code, "1 passed, 1 skipped" in output) == (0, True)


def test_in_ci_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    code, output = run_pytest(tmp_path, EXPECTED_FAILURE, ci="true")
    assert (code, "1 passed, 1 xfailed" in output) == (0, True)

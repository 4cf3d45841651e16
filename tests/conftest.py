"""Rules for every test: in CI a skip is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

pytest_plugins = ("tests.support.fault_upstream_plugin",)

IN_CI = os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if IN_CI and report.skipped:
        reason = call.excinfo.value if call.excinfo else "no reason given"
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped ({reason}); in CI every test must run."
    return report

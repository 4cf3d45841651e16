"""Tests that share what their module starts (a server, a browser) run in one worker, so that it is started once."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marker = item.get_closest_marker("asyncio")
        if marker is not None and marker.kwargs.get("loop_scope") == "module":
            item.add_marker(pytest.mark.xdist_group(item.path.stem))

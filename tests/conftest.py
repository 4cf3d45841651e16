"""What every test may use, and the rules it is under."""

from __future__ import annotations

import gc

pytest_plugins = (
    "tests.support.chromium_plugin",
    "tests.support.fault_upstream_plugin",
    "tests.support.long_first_plugin",
    "tests.support.no_skips_plugin",
    "tests.support.postgres_plugin",
    "tests.support.valkey_plugin",
)

GC_THRESHOLDS = (20_000, 20, 20)


def pytest_collection_finish() -> None:
    """All tests and what they import live as long as the run: to walk them in each collection takes time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)

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

#: Objects that may come until the collector looks at those that came; what was there before it never looks at by itself:
#: that takes seconds, and would take them from a test that measures.
GC_THRESHOLDS = (20_000, 1_000_000, 1_000_000)
#: Collections of young objects from which on older ones are looked at, between two tests; and the oldest, how often then.
GC_YOUNG = 5
GC_OLD = 20


def pytest_collection_finish() -> None:
    """All tests and what they import live as long as the run: to walk them in each collection takes time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def pytest_runtest_logfinish() -> None:
    """Between two tests it keeps nobody waiting, unless a server that is watched outlives them: then it is off."""
    if not gc.isenabled():
        return
    _, young, old = gc.get_count()
    if young >= GC_YOUNG:
        gc.collect(2 if old >= GC_OLD else 1)

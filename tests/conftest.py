"""What every test may use, and the rules it is under."""

from __future__ import annotations

pytest_plugins = (
    "tests.support.fault_upstream_plugin",
    "tests.support.no_skips_plugin",
    "tests.support.postgres_plugin",
    "tests.support.valkey_plugin",
)

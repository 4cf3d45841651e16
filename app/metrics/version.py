"""Which release runs."""

from __future__ import annotations

from importlib import metadata

DISTRIBUTION = "assistant-architect"
UNINSTALLED = "source"


def version() -> str:
    """The release, or `source` where the code was not installed as a package."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return UNINSTALLED

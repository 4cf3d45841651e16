"""One server a data directory: two on one SQLite file would take each other's executions.

On PostgreSQL leases keep nodes apart, and several may share a directory.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.db.url import is_postgresql
from app.settings import Settings

LOCK_FILE = "server.lock"


@contextmanager
def only_server_of(settings: Settings) -> Iterator[None]:
    """Hold the data directory while a server works in it; whatever kills the process frees it."""
    if is_postgresql(settings.database_url):
        yield
        return
    with (settings.data_dir / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise click.ClickException(
                f"Another server works in {settings.data_dir}. Stop it, or set AA_DATA_DIR to another directory."
            ) from error
        yield

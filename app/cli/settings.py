"""Configuration and storage as commands need them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from app.db.database import Storage, configured_storage
from app.db.url import is_postgresql
from app.settings import Settings, SettingsError
from lib.streaming.clock import SystemClock
from lib.streaming.errors import StreamingError
from lib.streaming.ids import Uuid7Factory

T = TypeVar("T")

WRONG_SETTINGS = 2


def load_settings() -> Settings:
    """The environment's configuration; a wrong one ends the process with code 2 and every problem."""
    with usable_settings():
        return Settings.load(os.environ)


@contextmanager
def usable_settings() -> Iterator[None]:
    """Settings that turn out to be wrong end the process with code 2 and every problem."""
    try:
        yield
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(WRONG_SETTINGS)


def need_postgresql(settings: Settings, command: str) -> None:
    """End the process with code 2 where one process must do everything."""
    if not is_postgresql(settings.database_url):
        raise click.UsageError(
            f"`{command}` needs PostgreSQL: an SQLite file has one process, which serves and works."
            " Set AA_DATABASE_URL to postgresql://user:password@host/database, or run `serve`."
        )


def with_storage(work: Callable[[Settings, Storage], Awaitable[T]]) -> T:
    """Run work on the deployment's database; what goes wrong is said in one line and exits with code 1."""
    settings = load_settings()
    try:
        return asyncio.run(_with_storage(settings, work))
    except StreamingError as error:
        raise click.ClickException(error.message) from error


async def _with_storage(settings: Settings, work: Callable[[Settings, Storage], Awaitable[T]]) -> T:
    clock = SystemClock()
    storage = configured_storage(settings, clock, Uuid7Factory(clock.now_ms))
    try:
        if not await storage.at_head():
            raise click.ClickException("The database's schema is not up to date. Run: assistant-architect migrate")
        return await work(settings, storage)
    finally:
        await storage.close()

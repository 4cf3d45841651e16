"""What a node does before it starts: schema, first administrator, examples, default key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TypeVar

import click

from app.bootstrap import Bootstrap, Welcome
from app.db.database import Storage, configured_storage
from app.db.url import is_postgresql
from app.model_sources import example_assistants
from app.settings import Settings
from lib.streaming.clock import SystemClock
from lib.streaming.errors import StreamingError
from lib.streaming.ids import Uuid7Factory

T = TypeVar("T")


def prepare_schema(settings: Settings) -> None:
    """Bring the schema up to date; several nodes may do so at once."""
    if not asyncio.run(_with_storage(settings, Storage.at_head)):
        # The tool takes half a second to load, which only a start that has something to migrate waits for.
        from app.db.migrate import upgrade

        upgrade(settings.database_url)


def prepare_contents(settings: Settings) -> Welcome:
    """What a fresh installation gets, made by one node at a time."""
    return asyncio.run(_with_storage(settings, lambda storage: _bootstrap(settings, storage)))


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """A database that does not answer ends the command with a sentence instead of a trace."""
    try:
        yield
    except StreamingError as error:
        raise click.ClickException(error.message) from error


async def _bootstrap(settings: Settings, storage: Storage) -> Welcome:
    async with _alone(settings):
        return await Bootstrap.of(settings, storage).run(example_assistants(settings))


def _alone(settings: Settings) -> AbstractAsyncContextManager[None]:
    if not is_postgresql(settings.database_url):
        return _nobody_else()
    from app.db.postgres.exclusive import exclusively

    return exclusively(settings.database_url)


@asynccontextmanager
async def _nobody_else() -> AsyncIterator[None]:
    """The lock of the data directory is held already."""
    yield


async def _with_storage(settings: Settings, work: Callable[[Storage], Awaitable[T]]) -> T:
    clock = SystemClock()
    storage = configured_storage(settings, clock, Uuid7Factory(clock.now_ms))
    try:
        return await work(storage)
    finally:
        await storage.close()

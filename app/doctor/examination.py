"""All checks, in the order in which a deployment depends on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from http.client import HTTPException

from app.db.database import configured_storage
from app.doctor.data_dir_checks import check_data_dir
from app.doctor.database_checks import check_database
from app.doctor.finding import Finding, fail
from app.doctor.limits_checks import check_limits
from app.doctor.provider_checks import check_providers
from app.doctor.settings_checks import POSTGRESQL, check_settings
from app.doctor.stream_checks import check_stream, check_way
from app.doctor.stream_observation import Observer
from app.settings import Settings
from lib.streaming.clock import SystemClock
from lib.streaming.errors import StreamingError
from lib.streaming.ids import Uuid7Factory

#: New connections that are made to see which nodes answer.
CONNECTIONS = 8
#: Silence beyond a heartbeat after which a stream counts as cut.
PATIENCE_SECONDS = 10.0


async def examine(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    """The deployment itself: settings, disk, database, limits, providers."""
    for finding in check_settings(settings, environ):
        yield finding
    for finding in check_data_dir(settings.data_dir):
        yield finding
    async for finding in _examine_database(settings):
        yield finding
    async for finding in check_limits(settings):
        yield finding
    for finding in check_providers(settings):
        yield finding


async def _examine_database(settings: Settings) -> AsyncIterator[Finding]:
    clock = SystemClock()
    try:
        storage = configured_storage(settings, clock, Uuid7Factory(clock.now_ms))
    except StreamingError as error:
        yield fail("database", f"cannot be used: {error.message}", "check AA_DATABASE_URL")
        return
    notifications = None
    if settings.database_kind == POSTGRESQL:
        from app.db.postgres.notifications import notification_seconds

        notifications = lambda: notification_seconds(settings.database_url)  # noqa: E731
    try:
        async for finding in check_database(storage, clock, settings.postgres_pool_size, notifications):
            yield finding
    finally:
        await storage.close()


def examine_way(url: str, key: str, *, many_nodes: bool) -> Iterator[Finding]:
    """The way from here to the service at a public address. Takes a heartbeat and a little more. Blocks."""
    observer = Observer(url, key)
    try:
        ways = [observer.way() for _ in range(CONNECTIONS)]
    except (OSError, HTTPException, ValueError) as error:
        yield fail("way", f"{url} cannot be asked: {error}", "check the address, the API key, and what stands between")
        return
    yield from check_way(url, ways, many_nodes=many_nodes)
    yield from check_stream(observer.stream(ways[0].heartbeat_seconds + PATIENCE_SECONDS))


async def gathered(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    return [finding async for finding in examine(settings, environ)]


def examined(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """`examine`, for a caller without an event loop."""
    return asyncio.run(gathered(settings, environ))

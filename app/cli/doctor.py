"""`doctor`: is everything there that the service needs."""

from __future__ import annotations

import asyncio
import sys

import click

from app.cli.settings import load_settings
from app.settings import Settings
from lib.streaming.errors import StreamingError


@click.command("doctor")
def command() -> None:
    """Check configuration, database and providers; exit with code 1 if something is missing."""
    settings = load_settings()
    click.echo("configuration  ok")
    database = asyncio.run(_database(settings))
    click.echo(f"database       {database}")
    for line in _providers(settings):
        click.echo(f"provider       {line}")
    if database != "ok":
        sys.exit(1)


async def _database(settings: Settings) -> str:
    from app.db.database import configured_storage
    from lib.streaming.clock import SystemClock
    from lib.streaming.ids import Uuid7Factory

    clock = SystemClock()
    try:
        storage = configured_storage(settings, clock, Uuid7Factory(clock.now_ms))
        try:
            await storage.ping()
            return "ok" if await storage.at_head() else "its schema is out of date: run `assistant-architect migrate`"
        finally:
            await storage.close()
    except StreamingError as error:
        return f"cannot be used: {error.message}"


def _providers(settings: Settings) -> list[str]:
    from lib.streaming.providers.local_server import is_available

    openai = "ok" if settings.openai_api_key else "off: OPENAI_API_KEY is not set"
    if settings.local_model == "off":
        local = "off: AA_LOCAL_MODEL=off"
    else:
        local = "ok" if is_available() else "off: no bundled model on this platform"
    return [f"openai    {openai}", f"local     {local}", "scripted  ok"]

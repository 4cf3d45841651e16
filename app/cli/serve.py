"""`serve`: everything prepared, then the server until a stop signal."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from typing import TypeVar

import click

from app.bootstrap import Bootstrap, Welcome
from app.cli.addresses import base_url, sign_in_url
from app.cli.data_dir_lock import only_server_of
from app.cli.settings import load_settings, usable_settings
from app.db.database import Storage, configured_storage
from app.model_sources import example_assistants, has_local_model
from app.settings import Settings
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory

T = TypeVar("T")

BACKLOG = 2048


@click.command("serve")
def command() -> None:
    """Prepare the database, the first administrator and the examples, then serve until Ctrl-C."""
    settings = load_settings()
    listener = listen(settings)
    # Ctrl-C while the database is prepared; the server itself handles it later.
    with closing(listener), only_server_of(settings), suppress(KeyboardInterrupt):
        _serve(settings, listener)


def listen(settings: Settings) -> socket.socket:
    """The port, taken before anything else is done: whoever may not have it learns so at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(f"{where} is in use. Stop what listens there, or set AA_PORT.") from error
        raise click.ClickException(f"Cannot listen on {where}: {error.strerror}. Set AA_HOST and AA_PORT.") from error


def _serve(settings: Settings, listener: socket.socket) -> None:
    # Imported here so that a port in use, or a wrong setting, is told without a wait.
    from app.asgi import Node, application
    from app.cli.greeting_server import GreetingServer
    from app.http.telemetry import configure_logging
    from app.server import server_config

    configure_logging(settings.log_format, sys.stderr)
    welcome = _prepare(settings)
    with usable_settings():
        node = Node(settings)
    port = listener.getsockname()[1]
    server = GreetingServer(
        server_config(application(node), settings),
        begin=node.begin_draining,
        drain=node.drain,
        window_seconds=settings.drain_seconds,
        greet=lambda: _greet(settings, welcome, port),
    )
    server.run([listener])


def _prepare(settings: Settings) -> Welcome:
    if not asyncio.run(_with_storage(settings, Storage.at_head)):
        # The tool takes half a second to load, which only a start that has something to migrate waits for.
        from app.db.migrate import upgrade

        upgrade(settings.database_url)
    return asyncio.run(_with_storage(settings, lambda storage: _bootstrap(settings, storage)))


async def _bootstrap(settings: Settings, storage: Storage) -> Welcome:
    return await Bootstrap.of(settings, storage).run(example_assistants(settings))


async def _with_storage(settings: Settings, work: Callable[[Storage], Awaitable[T]]) -> T:
    clock = SystemClock()
    storage = configured_storage(settings, clock, Uuid7Factory(clock.now_ms))
    try:
        return await work(storage)
    finally:
        await storage.close()


def _greet(settings: Settings, welcome: Welcome, port: int) -> None:
    revoked = "the default one was revoked; make another with `assistant-architect keys create`"
    click.echo(f"Assistant Architect is ready on {base_url(settings, port)} (stop it with Ctrl-C).")
    if settings.local_model == "auto" and not has_local_model(settings):
        click.echo("No bundled model fits this platform: the examples use the scripted provider.")
    click.echo(f"Sign in once as {welcome.email}: {sign_in_url(settings, welcome.link_token, port)}")
    click.echo(f"API key: {welcome.api_key or revoked}")
    sys.stdout.flush()

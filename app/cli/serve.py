"""`serve`: everything prepared, then the server until a stop signal."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import closing, suppress

import click

from app.bootstrap import Welcome
from app.cli.addresses import base_url, sign_in_url
from app.cli.data_dir_lock import only_server_of
from app.cli.listening import listen
from app.cli.preparing import prepare_contents, prepare_schema, told_in_one_line
from app.cli.settings import load_settings, need_postgresql, usable_settings
from app.db.url import is_postgresql
from app.model_sources import has_local_model
from app.settings import Settings


@click.command("serve")
@click.option("--no-worker", is_flag=True, help="Only serve; `worker` runs the executions. Needs PostgreSQL.")
def command(no_worker: bool) -> None:
    """Prepare the database, the first administrator and the examples, then serve until Ctrl-C."""
    settings = load_settings()
    if no_worker:
        need_postgresql(settings, "serve --no-worker")
    listener = listen(settings.host, settings.port, "AA_PORT")
    # Ctrl-C while the database is prepared; the server itself handles it later.
    with closing(listener), only_server_of(settings), suppress(KeyboardInterrupt), told_in_one_line():
        _serve(settings, listener, works=not no_worker)


def _serve(settings: Settings, listener: socket.socket, *, works: bool) -> None:
    # Imported here so that a port in use, or a wrong setting, is told without a wait.
    from app.asgi import application
    from app.cli.greeting_server import GreetingServer
    from app.http.telemetry import configure_logging
    from app.node import Node
    from app.server import server_config

    configure_logging(settings.log_format, sys.stderr)
    prepare_schema(settings)
    welcome = prepare_contents(settings)
    with usable_settings():
        node = Node(settings, works=works)
    port = listener.getsockname()[1]
    server = GreetingServer(
        server_config(application(node), settings),
        begin=node.begin_draining,
        drain=node.drain,
        window_seconds=settings.drain_seconds,
        greet=lambda: _greet(settings, welcome, port),
    )
    server.run([listener])


def _greet(settings: Settings, welcome: Welcome, port: int) -> None:
    click.echo(f"Assistant Architect is ready on {base_url(settings, port)} (stop it with Ctrl-C).")
    if settings.local_model == "auto" and not has_local_model(settings):
        click.echo("No bundled model fits this platform: the examples use the scripted provider.")
    if is_postgresql(settings.database_url) and not os.environ.get("AA_SECRET_KEY"):
        click.echo("AA_SECRET_KEY is not set: other nodes will refuse the forms of this one's pages.")
    click.echo(f"Sign in once as {welcome.email}: {sign_in_url(settings, welcome.link_token, port)}")
    click.echo(f"API key: {_told_key(settings, welcome)}")
    sys.stdout.flush()


def _told_key(settings: Settings, welcome: Welcome) -> str:
    if welcome.api_key is None:
        return _no_key(settings)
    given = settings.bootstrap_api_key
    if given is not None and given.get_secret_value() == welcome.api_key:
        # Whoever gave it has it; where keys are given, what is printed is kept as a log.
        return "the one in AA_BOOTSTRAP_API_KEY"
    return welcome.api_key


def _no_key(settings: Settings) -> str:
    make = "make another with `assistant-architect keys create`"
    if is_postgresql(settings.database_url):
        return f"the default one was revoked, or is with the node that made it; {make}"
    return f"the default one was revoked; {make}"

"""`worker`: runs executions for the nodes that serve."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing, suppress

import click

from app.cli.listening import listen
from app.cli.preparing import prepare_schema, told_in_one_line
from app.cli.settings import load_settings, need_postgresql, usable_settings
from app.settings import Settings


@click.command("worker")
def command() -> None:
    """Run executions until Ctrl-C, and serve nothing but `/livez` and `/readyz` on AA_HEALTH_PORT. Needs PostgreSQL."""
    settings = load_settings()
    need_postgresql(settings, "worker")
    with suppress(KeyboardInterrupt), told_in_one_line():
        _work(settings)


def _work(settings: Settings) -> None:
    from app.asgi import worker_application
    from app.cli.greeting_server import GreetingServer
    from app.http.telemetry import configure_logging
    from app.node import Node
    from app.server import server_config

    with ExitStack() as stack:
        listeners = []
        if settings.health_port is not None:
            listeners.append(
                stack.enter_context(closing(listen(settings.host, settings.health_port, "AA_HEALTH_PORT")))
            )
        configure_logging(settings.log_format, sys.stderr)
        prepare_schema(settings)
        with usable_settings():
            node = Node(settings)
        server = GreetingServer(
            server_config(worker_application(node), settings),
            begin=node.begin_draining,
            drain=node.drain,
            window_seconds=settings.drain_seconds,
            greet=lambda: click.echo("The worker is ready (stop it with Ctrl-C)."),
        )
        server.run(listeners)

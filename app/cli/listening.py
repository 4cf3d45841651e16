"""The port, taken before anything else is done: whoever may not have it learns so at once."""

from __future__ import annotations

import errno
import socket

import click

BACKLOG = 2048


def listen(host: str, port: int, variable: str) -> socket.socket:
    """A listening socket; `variable` is the setting to change where there is none to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"{host}:{port} is in use. Stop what listens there, or set {variable}."
            raise click.ClickException(message) from error
        message = f"Cannot listen on {host}:{port}: {error.strerror}. Set AA_HOST and {variable}."
        raise click.ClickException(message) from error

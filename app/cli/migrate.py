"""`migrate`: bring the database's schema up to date."""

from __future__ import annotations

import click

from app.cli.settings import load_settings
from lib.streaming.errors import StreamingError


@click.command("migrate")
def command() -> None:
    """Bring the database's schema up to date; harmless if it is."""
    from app.db.migrate import upgrade

    try:
        upgrade(load_settings().database_url)
    except StreamingError as error:
        raise click.ClickException(error.message) from error
    click.echo("The database is up to date.")

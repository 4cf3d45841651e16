"""`migrate`: bring the database's schema up to date."""

from __future__ import annotations

import click

from app.cli.settings import load_settings


@click.command("migrate")
def command() -> None:
    """Bring the database's schema up to date; harmless if it is."""
    from app.db.migrate import upgrade

    upgrade(load_settings().database_url)
    click.echo("The database is up to date.")

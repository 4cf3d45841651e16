"""`maintenance`: work on the database that the service also does by itself."""

from __future__ import annotations

import random

import click

from app.cli.settings import with_storage
from app.db.database import Storage
from app.db.retention import Due
from app.retention import Ages, Retention
from app.settings import Settings
from lib.streaming.clock import SystemClock


@click.group("maintenance")
def command() -> None:
    """Remove what has been kept long enough."""


@command.command("retention")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def retention(*, dry_run: bool) -> None:
    """Remove contents, records and audit rows older than the AA_RETENTION_… settings say."""

    async def work(settings: Settings, storage: Storage) -> Due:
        run = Retention(storage, SystemClock(), Ages.of(settings), random.Random())  # noqa: S311 - spreads runs in time
        if not run.ages:
            raise click.ClickException("Nothing is ever removed: no AA_RETENTION_… setting is set.")
        return await run.due() if dry_run else await run.run()

    found = with_storage(work)
    would = "would be removed" if dry_run else "removed"
    click.echo(f"contents of executions  {found.contents} {would}")
    click.echo(f"records of executions   {found.records} {would}")
    click.echo(f"audit rows              {found.audit} {would}")

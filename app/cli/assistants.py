"""`assistants`: list, import and export them, run one on a running server."""

from __future__ import annotations

from pathlib import Path

import click

from app.api.assistants.importing import ImportAnswer, Importer
from app.bootstrap import Bootstrap
from app.cli.lists import pages
from app.cli.run import run_assistant
from app.cli.settings import with_storage
from app.db.database import Storage
from app.db.records import AssistantRecord, AssistantSummary
from app.http.problems import ApiError
from app.model_sources import ModelSources
from app.settings import Settings
from lib.streaming.clock import SystemClock, rfc3339
from lib.streaming.ids import Uuid7Factory
from lib.streaming.origin_format.exporting import export_assistants


@click.group("assistants")
def command() -> None:
    """List, import, export and run assistants."""


command.add_command(run_assistant)


@command.command("list")
def list_assistants() -> None:
    """All of them, newest first."""

    async def work(settings: Settings, storage: Storage) -> list[AssistantSummary]:
        admin = await Bootstrap.of(settings, storage).oldest_administrator()
        return [one async for one in pages(lambda limit, cursor: storage.assistants.list(admin, limit, cursor))]

    for assistant in with_storage(work):
        click.echo(f"{assistant.id}  {assistant.status:16}  {assistant.slug}  {assistant.name}")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", help="`<provider>/<model id>` to take for every model that cannot be found here.")
def import_file(file: Path, model: str | None) -> None:
    """Import a file of assistants; they wait for approval. Exits with code 1 if any is refused."""
    content = file.read_bytes()

    async def work(settings: Settings, storage: Storage) -> ImportAnswer:
        clock = SystemClock()
        catalogue = ModelSources(settings, clock).catalogue
        admin = await Bootstrap.of(settings, storage).oldest_administrator()
        importer = Importer(storage.assistants, catalogue, Uuid7Factory(clock.now_ms))
        return await importer.run(admin.id, content, model)

    try:
        answer = with_storage(work)
    except ApiError as error:
        listed = "".join(f"\n  {one.path}: {one.message}" for one in error.errors)
        raise click.ClickException(f"{error.detail}{listed}") from error
    for taken in answer.imported:
        notes = "".join(f"\n  {note.path}: {note.message}" for note in taken.notes)
        click.echo(f"imported {taken.slug}: {taken.name}{notes}")
    for refused in answer.refused:
        errors = "".join(f"\n  {error.path}: {error.message}" for error in refused.errors)
        click.echo(f"refused {refused.path}: {refused.name}{errors}", err=True)
    if answer.refused:
        raise SystemExit(1)


@command.command("export")
@click.argument("names", nargs=-1, required=True)
def export_file(names: tuple[str, ...]) -> None:
    """Write assistants, by id or slug, to standard output as one file."""

    async def work(_: Settings, storage: Storage) -> list[tuple[str, AssistantRecord | None]]:
        return [(name, await storage.assistants.get(name)) for name in names]

    found = with_storage(work)
    if missing := [name for name, assistant in found if assistant is None]:
        raise click.ClickException(f"There is no assistant {', '.join(missing)}.")
    definitions = [assistant.definition for _, assistant in found if assistant is not None]
    click.echo(export_assistants(definitions, rfc3339(SystemClock().now_ms()), "assistant-architect"))

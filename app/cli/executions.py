"""`executions`: look at runs and stop them, straight from the database."""

from __future__ import annotations

import click
import msgspec

from app.api.execution_json import execution_detail
from app.api.moment import moment
from app.cli.settings import with_storage
from app.db.database import Storage
from app.db.records import ExecutionFilter, ExecutionRecord, ExecutionSummary, Page
from app.settings import Settings
from lib.streaming.ports.execution_store import CancelView
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus


@click.group("executions")
def command() -> None:
    """List, show and stop executions of everybody."""


@command.command("list")
@click.option("--status", type=click.Choice([status.value for status in ExecutionStatus]))
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
def list_executions(status: str | None, limit: int) -> None:
    """Executions, newest first."""
    where = ExecutionFilter(status=ExecutionStatus(status) if status else None)

    async def work(_: Settings, storage: Storage) -> Page[ExecutionSummary]:
        return await storage.executions.list(None, limit, None, where)

    for run in with_storage(work).items:
        code = f"  {run.code}" if run.code else ""
        click.echo(f"{run.id}  {moment(run.created_ms)}  {run.status:9}  {run.assistant_name}{code}")


@command.command("show")
@click.argument("execution_id")
def show_execution(execution_id: str) -> None:
    """The whole record as JSON."""

    async def work(_: Settings, storage: Storage) -> ExecutionRecord | None:
        return await storage.executions.record(ExecutionId(execution_id))

    record = with_storage(work)
    if record is None:
        raise click.ClickException(f"There is no execution {execution_id}.")
    click.echo(msgspec.json.format(msgspec.json.encode(execution_detail(record))).decode())


@command.command("cancel")
@click.argument("execution_id")
def cancel_execution(execution_id: str) -> None:
    """Leave a stop flag; the worker that runs it obeys within a second or two."""

    async def work(_: Settings, storage: Storage) -> CancelView | None:
        return await storage.execution_store.request_cancel(ExecutionId(execution_id), EndedBy.ADMIN)

    view = with_storage(work)
    if view is None:
        raise click.ClickException(f"There is no execution {execution_id}.")
    if view.status.terminal:
        click.echo(f"It has ended already: {view.status}.")
    else:
        click.echo("Asked to stop. Without a running server it ends when one starts.")

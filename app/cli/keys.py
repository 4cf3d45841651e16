"""`keys`: API keys for programs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import click

from app.api.moment import moment
from app.api.new_key import KeyMaker
from app.cli.settings import with_storage
from app.db.database import Storage
from app.db.records import ApiKeyRecord, UserRecord
from app.http.principal import Scope
from app.settings import Settings
from lib.streaming.clock import SystemClock

DAY_MS = 86_400_000


@click.group("keys")
def command() -> None:
    """List, make and revoke API keys."""


@command.command("list")
@click.argument("email")
def list_keys(email: str) -> None:
    """The keys of a user, newest first."""

    async def work(_: Settings, storage: Storage) -> Sequence[ApiKeyRecord]:
        return await storage.api_keys.list((await _user(storage, email)).id)

    for key in with_storage(work):
        state = "revoked" if key.revoked_ms else "live"
        click.echo(f"{key.key_id}  …{key.last_four}  {state:7}  {moment(key.created_ms)}  {key.name}")


@command.command("create")
@click.argument("email")
@click.option("--name", required=True, help="What it is for.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice([s.value for s in Scope]), help="All if left out.")
@click.option("--days", type=click.IntRange(1, 3650), help="It expires after so many days; never if left out.")
def create_key(email: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key for a user and print it. It cannot be shown again."""

    async def work(_: Settings, storage: Storage) -> str:
        user = await _user(storage, email)
        clock = SystemClock()
        expires_ms = clock.now_ms() + days * DAY_MS if days else None
        maker = KeyMaker(storage.api_keys, clock, secrets.token_bytes)
        issued = await maker.issue(user.id, name, [Scope(scope) for scope in scopes] or Scope, expires_ms)
        return issued[1]

    click.echo(with_storage(work))


@command.command("revoke")
@click.argument("key_id")
def revoke_key(key_id: str) -> None:
    """Revoke a key by its id; it is refused from now on."""

    async def work(_: Settings, storage: Storage) -> bool:
        return await storage.api_keys.revoke(key_id)

    if not with_storage(work):
        raise click.ClickException(f"There is no key {key_id} to revoke.")
    click.echo(f"The key {key_id} is revoked.")


async def _user(storage: Storage, email: str) -> UserRecord:
    user = await storage.users.by_email(email)
    if user is None:
        raise click.ClickException(f"There is no user {email}.")
    return user

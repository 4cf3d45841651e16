"""`users`: who may sign in."""

from __future__ import annotations

import click

from app.bootstrap import Bootstrap
from app.cli.addresses import sign_in_url
from app.cli.lists import pages
from app.cli.settings import with_storage
from app.db.database import Storage
from app.db.records import UserRecord, UserRole
from app.http.passwords import Passwords
from app.settings import Settings

MIN_PASSWORD = 12

ROLES = click.Choice([role.value for role in UserRole])


@click.group("users")
def command() -> None:
    """List and make users, set passwords, make sign-in links."""


@command.command("list")
def list_users() -> None:
    """Everybody, oldest first."""

    async def work(_: Settings, storage: Storage) -> list[UserRecord]:
        return [user async for user in pages(storage.users.list)]

    for user in with_storage(work):
        state = "disabled" if user.disabled else user.role.value
        click.echo(f"{user.id}  {state:8}  {user.email}  {user.name}")


@command.command("create")
@click.argument("email")
@click.option("--name", default="", help="What to call them; their address if left out.")
@click.option("--role", type=ROLES, default=UserRole.USER.value, show_default=True)
def create_user(email: str, name: str, role: str) -> None:
    """Make a user and print a one-time sign-in link for them."""

    async def work(settings: Settings, storage: Storage) -> str:
        user = await storage.users.create(email, name or email, UserRole(role))
        return await _link(settings, storage, user)

    click.echo(with_storage(work))


@command.command("set-password")
@click.argument("email")
def set_password(email: str) -> None:
    """Ask for a new password and set it. Open sessions stay."""
    password = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    if len(password) < MIN_PASSWORD:
        raise click.ClickException(f"A password has at least {MIN_PASSWORD} characters.")

    async def work(_: Settings, storage: Storage) -> None:
        user = await _user(storage, email)
        passwords = Passwords()
        await storage.users.set_password_hash(user.id, await passwords.hash(password))
        await passwords.close()

    with_storage(work)
    click.echo(f"The password of {email} is set.")


@command.command("sign-in-link")
@click.argument("email")
def sign_in_link(email: str) -> None:
    """Print a link that signs a user in once, within the hour."""

    async def work(settings: Settings, storage: Storage) -> str:
        return await _link(settings, storage, await _user(storage, email))

    click.echo(with_storage(work))


async def _user(storage: Storage, email: str) -> UserRecord:
    user = await storage.users.by_email(email)
    if user is None:
        raise click.ClickException(f"There is no user {email}.")
    return user


async def _link(settings: Settings, storage: Storage, user: UserRecord) -> str:
    return sign_in_url(settings, await Bootstrap.of(settings, storage).sign_in_link(user))

"""The command line. Commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

from importlib import import_module

import click

#: Command name to what it is for; `app.cli.<name>` holds it. In the order they are listed.
COMMANDS = {
    "serve": "Prepare everything, then serve until Ctrl-C.",
    "worker": "Run executions for nodes that only serve.",
    "migrate": "Bring the database's schema up to date.",
    "users": "List and make users, set passwords, make sign-in links.",
    "keys": "List, make and revoke API keys.",
    "assistants": "List, import, export and run assistants.",
    "executions": "List, show and stop executions of everybody.",
    "maintenance": "Remove what has been kept long enough.",
    "doctor": "Check the deployment, and the way to it, and say what to do.",
}


class LazyGroup(click.Group):
    """Knows its commands by name and purpose; the rest is read when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"app.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup)
def main() -> None:
    """Assistant Architect: forms and chains of prompts, run as durable, resumable, stoppable streams."""

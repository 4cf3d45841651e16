"""The command line. Commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

from importlib import import_module

import click

#: Command name to the module that holds `command`, in the order they are listed.
COMMANDS = {
    "serve": "app.cli.serve",
    "migrate": "app.cli.migrate",
    "users": "app.cli.users",
    "keys": "app.cli.keys",
    "assistants": "app.cli.assistants",
    "executions": "app.cli.executions",
    "doctor": "app.cli.doctor",
}


class LazyGroup(click.Group):
    """Knows its commands by name and what they do in a word; the rest is read when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup)
def main() -> None:
    """Assistant Architect: forms and chains of prompts, run as durable, resumable, stoppable streams."""

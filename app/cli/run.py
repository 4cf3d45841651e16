"""`assistants run`: run an assistant on a running server and show its text as it comes."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from app.cli.addresses import base_url
from app.cli.server_client import ServerClient, ServerError
from app.cli.settings import load_settings
from app.default_key import KEY_FILE, read_key_file

KEY_VARIABLE = "ASSISTANT_ARCHITECT_KEY"


@click.command("run")
@click.argument("assistant")
@click.option("-i", "--input", "inputs", multiple=True, metavar="NAME=TEXT", help="The value of a field.")
@click.option("-j", "--json", "jsons", multiple=True, metavar="NAME=JSON", help="The same for lists and files.")
@click.option("--url", help="Address of the server; this deployment's own if left out.")
@click.option("--key", help=f"API key; else ${KEY_VARIABLE}, else the default key in the data directory.")
def run_assistant(
    assistant: str, inputs: tuple[str, ...], jsons: tuple[str, ...], url: str | None, key: str | None
) -> None:
    """Run ASSISTANT (id or slug). Text goes to standard output, everything else to standard error."""
    settings = load_settings()
    key = key or os.environ.get(KEY_VARIABLE) or read_key_file(settings.data_dir / KEY_FILE)
    if not key:
        raise click.ClickException(f"An API key is needed: give --key, or set {KEY_VARIABLE}.")
    client = ServerClient(url or base_url(settings), key)
    try:
        status = _run(client, assistant, _values(inputs, jsons))
    except ServerError as error:
        raise click.ClickException(str(error)) from error
    if status != "completed":
        sys.exit(1)


def _run(client: ServerClient, assistant: str, inputs: dict[str, Any]) -> str:
    started = client.call("POST", "/api/executions", {"assistantId": assistant, "inputs": inputs})
    status = ""
    try:
        for event in client.follow(started["eventsUrl"]):
            _show(event)
            status = event.get("status", "") if event["type"] == "execution.finished" else status
    except KeyboardInterrupt:
        receipt = client.call("POST", started["cancelUrl"])
        click.echo(f"\n{receipt['outcome']}: {receipt['keptChars']} characters are kept.", err=True)
        return str(receipt["status"])
    return status


def _show(event: dict[str, Any]) -> None:
    match event["type"]:
        case "prompt.delta":
            click.echo(event["text"], nl=False)
        case "prompt.started":
            click.echo(f"\n── {event['name']} ({event['model']}, attempt {event['attempt']})", err=True)
        case "prompt.retrying":
            click.echo(f"\n── attempt {event['attempt']} failed, its text is void: {event['message']}", err=True)
        case "execution.finished":
            reason = f": {event['message']}" if event.get("message") else ""
            click.echo(f"\n── {event['status']} after {event['durationMs'] / 1000:.1f} s{reason}", err=True)
        case _:
            pass


def _values(inputs: tuple[str, ...], jsons: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = dict(_pair(text) for text in inputs)
    for text in jsons:
        name, value = _pair(text)
        try:
            values[name] = json.loads(value)
        except ValueError as error:
            raise click.ClickException(f"The value of {name} is no JSON: {error}.") from error
    return values


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.ClickException(f"Write NAME=VALUE, not {text!r}.")
    return name, value

"""How our own server is started: on SQLite or PostgreSQL, as it is or as a composition that only measurements have."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from app.settings.key_format import generate_key
from bench.http_call import call
from bench.ours import Identified, Ours
from bench.sample import OTHER_NODE
from bench.server_process import StartFailed, free_port, running
from bench.target import Place

DATABASE_FILE = "assistant-architect.sqlite3"
SERVE = ("-m", "app", "serve")
#: The same server with a log store that stores nothing.
EMIT_ONLY_SERVE = ("-m", "bench.emit_only", "serve")

_UNLIMITED = "1000000"
_DEFINITION = {
    "name": "Bench",
    "description": "Sends its input to the model and shows what comes back.",
    "fields": [{"name": "script", "label": "Script", "type": "long_text", "required": True}],
    "prompts": [{"id": "only", "name": "Only", "position": 0, "content": "{{ script }}", "model": "openai/bench"}],
}


@contextlib.asynccontextmanager
async def on_sqlite(place: Place, name: str = "ours", command: Sequence[str] = SERVE) -> AsyncIterator[Ours]:
    """Start the server on an empty data directory and create the bench assistant."""
    async with _node(place, name, command) as node:
        yield msgspec.structs.replace(node, database=place.directory / name / DATABASE_FILE)


@contextlib.asynccontextmanager
async def on_postgres(place: Place, name: str = "ours-pg", command: Sequence[str] = SERVE) -> AsyncIterator[Ours]:
    """As `on_sqlite`, on an empty database of the run's PostgreSQL; raises `StartFailed` where there is none."""
    if place.postgres is None:
        raise StartFailed("there is no PostgreSQL")
    url = await place.postgres.database(name.replace("-", "_"))
    async with _node(place, name, command, {"AA_DATABASE_URL": url}) as node:
        yield msgspec.structs.replace(node, database_url=url, database_pid=place.postgres.pid)


@contextlib.asynccontextmanager
async def another_node(place: Place, first: Ours) -> AsyncIterator[Ours]:
    """A node on the same PostgreSQL database that only serves; raises `StartFailed` where nodes cannot share one."""
    assert first.database_url is not None, "only PostgreSQL is shared"
    data = place.directory / OTHER_NODE.replace(" ", "-")
    shutil.rmtree(data, ignore_errors=True)
    own = {"AA_DATA_DIR": str(data), "AA_DATABASE_URL": first.database_url}
    async with _served(place, data.name, (*SERVE, "--no-worker"), own) as (port, pid):
        yield msgspec.structs.replace(first, name=OTHER_NODE, port=port, pid=pid)


@contextlib.asynccontextmanager
async def _node(
    place: Place, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncIterator[Ours]:
    key = generate_key(os.urandom).text
    data = place.directory / name
    shutil.rmtree(data, ignore_errors=True)
    own = {"AA_DATA_DIR": str(data), "AA_BOOTSTRAP_API_KEY": key, **(environment or {})}
    async with _served(place, name, command, own) as (port, pid):
        authorization = f"Authorization: Bearer {key}"
        answer = await call(port, "POST", "/api/assistants", _DEFINITION, [authorization])
        assistant = msgspec.json.decode(answer, type=Identified)
        yield Ours(name=name, port=port, pid=pid, authorization=authorization, assistant_id=assistant.id)


@contextlib.asynccontextmanager
async def _served(
    place: Place, name: str, command: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[tuple[int, int]]:
    port = free_port()
    common = {
        "AA_PORT": str(port),
        "AA_BOOTSTRAP_EMAIL": "bench@localhost.localdomain",
        "AA_LOCAL_MODEL": "off",
        "AA_RATE_LIMIT_STARTS": f"{_UNLIMITED}/minute",
        "AA_MAX_CONCURRENT_EXECUTIONS": _UNLIMITED,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{place.upstream_port}/v1",
        "OPENAI_API_KEY": "bench",
    }
    log = place.directory / f"{name}.log"
    whole = [sys.executable, *command]
    async with running(whole, port, core=place.core, log=log, environment={**common, **environment}) as pid:
        yield port, pid

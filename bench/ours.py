"""Our own server as a target: a fresh data directory, one assistant whose only prompt is the script."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from app.settings.key_format import generate_key
from bench.http_call import call, http_request
from bench.script import Script
from bench.server_process import free_port, running
from bench.target import Place

DATABASE_FILE = "assistant-architect.sqlite3"
_UNLIMITED = "1000000"
_DEFINITION = {
    "name": "Bench",
    "description": "Sends its input to the model and shows what comes back.",
    "fields": [{"name": "script", "label": "Script", "type": "long_text", "required": True}],
    "prompts": [{"id": "only", "name": "Only", "position": 0, "content": "{{ script }}", "model": "openai/bench"}],
}


class Ours(msgspec.Struct, frozen=True):
    """The running server, its administrator's key, the bench assistant and the database file."""

    name: str
    port: int
    pid: int
    authorization: str
    assistant_id: str
    database: Path

    def request(self, script: Script) -> str:
        return http_request("POST", "/api/assistant-architect/stream", self._start(script, "cancel"), self._headers)

    def replay_request(self, execution_id: str) -> str:
        """All events of an execution from the first."""
        return http_request("GET", f"/api/executions/{execution_id}/events", headers=self._headers)

    async def start_unwatched(self, script: Script) -> str:
        """Start an execution that goes on without viewers; its id."""
        body = self._start(script, "continue")
        answer = await call(self.port, "POST", "/api/executions", body, self._headers)
        return msgspec.json.decode(answer, type=_Identified).id

    async def cancel(self, execution_id: str) -> None:
        """Stop an execution; returns when the server has answered."""
        await call(self.port, "POST", f"/api/executions/{execution_id}/cancel", {}, self._headers)

    @property
    def _headers(self) -> list[str]:
        return [self.authorization]

    def _start(self, script: Script, on_disconnect: str) -> dict[str, object]:
        return {
            "assistantId": self.assistant_id,
            "inputs": {"script": script.text()},
            "onDisconnect": on_disconnect,
        }


class _Identified(msgspec.Struct):
    id: str


@contextlib.asynccontextmanager
async def ours(place: Place) -> AsyncIterator[Ours]:
    """Start the server on an empty data directory and create the bench assistant."""
    port, key = free_port(), generate_key(os.urandom).text
    data = place.directory / "data"
    shutil.rmtree(data, ignore_errors=True)
    environment = {
        "AA_PORT": str(port),
        "AA_DATA_DIR": str(data),
        "AA_BOOTSTRAP_EMAIL": "bench@localhost.localdomain",
        "AA_BOOTSTRAP_API_KEY": key,
        "AA_LOCAL_MODEL": "off",
        "AA_RATE_LIMIT_STARTS": f"{_UNLIMITED}/minute",
        "AA_MAX_CONCURRENT_EXECUTIONS": _UNLIMITED,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{place.upstream_port}/v1",
        "OPENAI_API_KEY": "bench",
    }
    command = [sys.executable, "-m", "app", "serve"]
    log = place.directory / "ours.log"
    async with running(command, port, core=place.core, log=log, environment=environment) as pid:
        authorization = f"Authorization: Bearer {key}"
        answer = await call(port, "POST", "/api/assistants", _DEFINITION, [authorization])
        assistant = msgspec.json.decode(answer, type=_Identified)
        yield Ours("ours", port, pid, authorization, assistant.id, data / DATABASE_FILE)

"""Our own server as a target: its address, its administrator's key, and an assistant whose only prompt is the script."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.http_call import call, http_request
from bench.script import Script


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """A running server. `database` is its SQLite file; on PostgreSQL there are `database_url`, and `database_pid` that leads its
    processes.
    """

    name: str
    port: int
    pid: int
    authorization: str
    assistant_id: str
    database: Path | None = None
    database_url: str | None = None
    database_pid: int | None = None

    def request(self, script: Script) -> str:
        return http_request("POST", "/api/assistant-architect/stream", self._start(script, "cancel"), self._headers)

    def replay_request(self, execution_id: str) -> str:
        """All events of an execution from the first."""
        return http_request("GET", f"/api/executions/{execution_id}/events", headers=self._headers)

    async def start_unwatched(self, script: Script) -> str:
        """Start an execution that goes on without viewers; its id."""
        body = self._start(script, "continue")
        answer = await call(self.port, "POST", "/api/executions", body, self._headers)
        return msgspec.json.decode(answer, type=Identified).id

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


class Identified(msgspec.Struct):
    """What of an answer names what it is about."""

    id: str

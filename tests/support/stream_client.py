"""A client of the native stream as the guide for clients describes it: follows, reconnects, forgets nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from lib.streaming.sse_events.order import OrderChecker
from lib.streaming.sse_events.vocabulary import TYPE_NAMES, EventCode

RECONNECT_SECONDS = 0.05
CODES: Mapping[str, EventCode] = {name: code for code, name in TYPE_NAMES.items()}


class Received:
    """The events one client has of one execution, in the order they came; `last` is its `Last-Event-ID`."""

    def __init__(self, execution_id: str) -> None:
        self.execution_id = execution_id
        self.last = 0
        self.events: list[dict[str, Any]] = []
        self.connects = 0

    def take(self, block: bytes) -> None:
        """One block of the stream, without its blank line."""
        event_id: int | None = None
        for line in block.split(b"\n"):
            if line.startswith(b"id: "):
                event_id = int(line[4:])
            elif line.startswith(b"data: "):
                event = json.loads(line[6:])
                if event_id is None:
                    assert event["type"] == "server.draining", f"an event without an id: {event}"
                    continue
                assert event_id == event["seq"], "the id is the number"
                assert event_id > self.last, f"event {event_id} came again after {self.last}"
                self.last = event_id
                self.events.append(event)

    @property
    def ended(self) -> bool:
        return bool(self.events) and self.events[-1]["type"] == "execution.finished"

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def text(self, prompt_id: str) -> str:
        """What the client shows of a prompt: void attempts dropped."""
        shown = ""
        for event in self.events:
            if event.get("promptId") == prompt_id:
                shown = "" if event["type"] == "prompt.retrying" else shown
                shown += event["text"] if event["type"] == "prompt.delta" else ""
        return shown

    def problems(self) -> list[str]:
        """What breaks the order rules; for clients that saw every event on its own number."""
        checker = OrderChecker()
        for event in self.events:
            checker.feed(event["seq"], CODES[event["type"]], event.get("promptId"), event.get("attempt", 0))
        return checker.finish()


class StreamClient:
    """Talks to one server with one API key. `base_url` may be changed while it follows."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self.session = session
        self.headers = {"Authorization": f"Bearer {api_key}"}

    async def start(self, assistant: str, inputs: Mapping[str, object], **body: object) -> Received:
        """Start without watching."""
        async with self.session.post(
            f"{self.base_url}/api/executions",
            json={"assistantId": assistant, "inputs": inputs, **body},
            headers=self.headers,
        ) as answer:
            assert answer.status == 202, await answer.text()
            return Received((await answer.json())["id"])

    async def rerun(self, execution_id: str, **body: object) -> Received:
        """Run an execution again without watching."""
        url = f"{self.base_url}/api/executions/{execution_id}/rerun"
        async with self.session.post(url, json=body, headers=self.headers) as answer:
            assert answer.status == 202, await answer.text()
            return Received((await answer.json())["id"])

    async def follow(self, received: Received, *, until: int | None = None) -> Received:
        """Follow to the end (or to a number), over cuts and restarts."""
        while not received.ended and (until is None or received.last < until):
            try:
                if await self._connect(received, until) == 204:
                    break
            except (aiohttp.ClientError, ConnectionError):
                pass
            await asyncio.sleep(RECONNECT_SECONDS)
        return received

    async def _connect(self, received: Received, until: int | None) -> int:
        received.connects += 1
        headers = {**self.headers, "Last-Event-ID": str(received.last), "Accept": "text/event-stream"}
        url = f"{self.base_url}/api/executions/{received.execution_id}/events"
        async with self.session.get(url, headers=headers) as answer:
            if answer.status != 200:
                assert answer.status in (204, 502, 503), await answer.text()
                return answer.status
            held = b""
            async for chunk in answer.content.iter_any():
                *blocks, held = (held + chunk).split(b"\n\n")
                for block in blocks:
                    received.take(block)
                if received.ended or (until is not None and received.last >= until):
                    return 200
            return 200

    async def record(self, execution_id: str) -> dict[str, Any]:
        async with self.session.get(f"{self.base_url}/api/executions/{execution_id}", headers=self.headers) as answer:
            assert answer.status == 200, await answer.text()
            record: dict[str, Any] = await answer.json()
            return record

    async def stop(self, execution_id: str) -> dict[str, Any]:
        """Ask for a stop; the receipt."""
        url = f"{self.base_url}/api/executions/{execution_id}/cancel"
        async with self.session.post(url, headers=self.headers) as answer:
            assert answer.status == 200, await answer.text()
            receipt: dict[str, Any] = await answer.json()
            return receipt

    async def create_assistant(self, definition: Mapping[str, object]) -> str:
        """Store a definition; its id. The caller may run it as its author."""
        async with self.session.post(
            f"{self.base_url}/api/assistants", json=definition, headers=self.headers
        ) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["id"])

    async def running(self) -> list[dict[str, Any]]:
        """Executions of this principal that are not terminal."""
        live = []
        for status in ("pending", "running"):
            async with self.session.get(
                f"{self.base_url}/api/executions", params={"status": status}, headers=self.headers
            ) as answer:
                assert answer.status == 200, await answer.text()
                live += (await answer.json())["items"]
        return live

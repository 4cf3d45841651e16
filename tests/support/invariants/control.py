"""A run of somebody who has nothing to do with the test."""

from __future__ import annotations

import secrets

import aiohttp

from app.api.new_key import KeyMaker
from app.db.database import open_database
from app.db.records import UserRole
from app.http.principal import Scope
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from tests.support.stream_client import StreamClient

EMAIL = "control@example.org"
TEXT = "one two three"


class ControlRuns:
    """Has a user, a key and an assistant of its own, so that limits and lists of a test's users stay theirs."""

    def __init__(self, database_url: str, model: str) -> None:
        self._url = database_url
        self._model = model
        self._key = ""
        self._assistant = ""

    async def prepare(self, base_url: str) -> None:
        """Make all that a run needs."""
        self._key = await self._new_key()
        async with aiohttp.ClientSession() as session:
            self._assistant = await StreamClient(session, base_url, self._key).create_assistant(self._definition())

    async def problems(self, base_url: str) -> list[str]:
        """What is wrong with one run from its start to its end."""
        async with aiohttp.ClientSession() as session:
            client = StreamClient(session, base_url, self._key)
            run = await client.follow(await client.start(self._assistant, {}))
        last = run.events[-1]
        if (last["status"], run.text("only")) != ("completed", TEXT):
            return [f"the control run ended {last} with {run.text('only')!r}"]
        return run.problems()

    def _definition(self) -> dict[str, object]:
        prompt = {"id": "only", "name": "only", "model": self._model, "content": TEXT}
        return {"name": "Control", "prompts": [prompt], "onDisconnect": "continue"}

    async def _new_key(self) -> str:
        clock = SystemClock()
        storage = await open_database(self._url, clock, Uuid7Factory(clock.now_ms))
        try:
            known = await storage.users.by_email(EMAIL)
            user = known or await storage.users.create(EMAIL, "Control", UserRole.AUTHOR)
            _, text = await KeyMaker(storage.api_keys, clock, secrets.token_bytes).issue(user.id, "control", Scope)
            return text
        finally:
            await storage.close()

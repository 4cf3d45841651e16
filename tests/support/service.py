"""The whole service on a loopback port: SQLite file, scripted models, real HTTP; and people to use it."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
from argon2 import PasswordHasher
from litestar.types import ASGIApp

from app.api.new_key import KeyMaker
from app.asgi import application
from app.db.records import AssistantRecord, AssistantStatus, UserRecord, UserRole
from app.http.passwords import Passwords
from app.http.principal import Scope
from app.node import Node
from app.settings import Settings
from lib.streaming.clock import Clock
from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.sse_events.decoder import EventStreamDecoder
from lib.streaming.types import PromptId
from tests.support.database import fresh_database
from tests.support.in_process_server import InProcessServer, serving
from tests.support.warm import read_signatures


class Person(NamedTuple):
    """A user with an API key that may do all its role may."""

    user: UserRecord
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


PASSWORD = "correct horse battery"
#: To check a password costs what its hash says.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _client(base_url: str, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    # On the loopback there are no certificates, and to load them takes time.
    return httpx.AsyncClient(base_url=base_url, headers=headers, timeout=30, verify=False)


class Browser:
    """Keeps cookies and sends the page's token, as our own pages do."""

    def __init__(self, base_url: str) -> None:
        self.client = _client(base_url, {"Sec-Fetch-Site": "same-origin"})

    async def ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        return await self.client.request(method, url, **more)

    async def sign_in(self, person: Person) -> None:
        body = {"email": person.user.email, "password": PASSWORD}
        answer = await self.ask("POST", "/api/session", json=body)
        assert answer.status_code == 200, answer.text
        self.client.headers["X-CSRF-Token"] = (await self.ask("GET", "/api/session")).json()["csrfToken"]


class Service:
    """`client` knows the address; requests are made as a `Person` through its `headers`."""

    def __init__(self, node: Node, server: InProcessServer, client: httpx.AsyncClient) -> None:
        self.node = node
        self.server = server
        self.client = client
        self.storage = node.storage
        self.secrets: list[str] = []
        self._people = 0
        self._browsers: list[Browser] = []

    @property
    def stopping(self) -> bool:
        """Whether it takes nothing new any more, or has stopped."""
        return self.node.service._draining or self.server.server.should_exit

    def browser(self) -> Browser:
        """A new browser, closed with the service."""
        browser = Browser(str(self.client.base_url))
        self._browsers.append(browser)
        return browser

    async def close_browsers(self) -> None:
        for browser in self._browsers:
            await browser.client.aclose()

    async def person_with_password(self, role: UserRole = UserRole.USER) -> Person:
        """Somebody who signs in with `PASSWORD`."""
        person = await self.person(role)
        passwords = Passwords(CHEAP)
        await self.storage.users.set_password_hash(person.user.id, await passwords.hash(PASSWORD))
        await passwords.close()
        return person

    async def person(self, role: UserRole = UserRole.ADMIN, scopes: Iterable[Scope] = Scope) -> Person:
        self._people += 1
        name = f"person-{self._people}"
        user = await self.storage.users.create(f"{name}@example.org", name, role)
        return Person(user, await self.key(user, scopes))

    async def key(self, user: UserRecord, scopes: Iterable[Scope] = Scope, expires_ms: int | None = None) -> str:
        maker = KeyMaker(self.storage.api_keys, self.node.clock, secrets.token_bytes)
        _, text = await maker.issue(user.id, "test", scopes, expires_ms)
        self.secrets.append(text)
        return text

    async def assistant(
        self, owner: Person, definition: Definition | None = None, status: AssistantStatus = AssistantStatus.APPROVED
    ) -> AssistantRecord:
        return await self.storage.assistants.create(owner.user.id, definition or echo(), status)

    async def run(self, person: Person, assistant: AssistantRecord, **inputs: object) -> str:
        """Start an execution, wait for its end, return its id."""
        body = {"assistantId": assistant.id, "inputs": inputs}
        answer = await self.client.post("/api/assistant-architect/stream", json=body, headers=person.headers)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-execution-id"]


class Event(NamedTuple):
    id: str
    type: str
    data: dict[str, Any]


def events_in(body: bytes) -> list[Event]:
    """The events of a whole body."""
    return [Event(one.last_event_id, one.type, json.loads(one.data)) for one in EventStreamDecoder().feed(body)]


def text_of(events: Iterable[Event], prompt: str | None = None) -> str:
    """What a client shows: the text of a prompt's last attempt, or of all prompts."""
    shown: dict[str, str] = {}
    for event in events:
        name = event.data.get("promptId", "")
        if event.type == "prompt.delta":
            shown[name] = shown.get(name, "") + event.data["text"]
        elif event.type == "prompt.retrying":
            shown[name] = ""
    return "".join(text for name, text in shown.items() if prompt in (None, name))


def echo(name: str = "Echo", content: str = "Say ${topic}", model: str = "scripted/echo", **more: Any) -> Definition:
    """An assistant with one field, `topic`, and one prompt, `answer`."""
    field = InputField("topic", FieldType.SHORT_TEXT, "Topic", required=True)
    return Definition(
        name, fields=(field,), prompts=(PromptDefinition(PromptId("answer"), "Answer", content, model),), **more
    )


def as_json(definition: Definition) -> dict[str, Any]:
    """A definition as an author sends it."""
    sent: dict[str, Any] = msgspec.to_builtins(definition)
    return sent


def _as_it_is(app: ASGIApp) -> ASGIApp:
    return app


@asynccontextmanager
async def running_service(
    directory: Path,
    *,
    again: bool = False,
    works: bool = True,
    clock: Clock | None = None,
    wrap: Callable[[ASGIApp], ASGIApp] = _as_it_is,
    **environment: str,
) -> AsyncIterator[Service]:
    """`environment`: settings without their prefix, as `rate_limit_starts="3/minute"`. `again`: keep the database.

    Without `works` it only serves, as with `--no-worker`. `wrap` is put around the application; `clock` is the service's
    instead of the system's.
    """
    given = {f"AA_{name.upper()}": value for name, value in environment.items()}
    if "AA_DATABASE_URL" not in given:
        given["AA_DATABASE_URL"] = f"sqlite:///{directory / 'test.db'}" if again else fresh_database(directory)
    defaults = {
        "AA_DATA_DIR": str(directory),
        "AA_LOCAL_MODEL": "off",
        "AA_RATE_LIMIT_STARTS": "1000000/minute",
        "AA_RATE_LIMIT_SIGN_IN": "1000000/minute",
        "AA_MAX_CONCURRENT_EXECUTIONS": "1000",
    }
    settings = Settings.load(defaults | given)
    node = Node(settings, works=works, clock=clock)
    read_signatures()
    async with (
        serving(wrap(application(node)), settings, node.begin_draining, node.drain) as server,
        _client(f"http://127.0.0.1:{server.port}") as client,
    ):
        service = Service(node, server, client)
        try:
            yield service
        finally:
            await service.close_browsers()

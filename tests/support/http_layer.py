"""The shared HTTP layer over a real database, with a few routes to try it on."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
from argon2 import PasswordHasher
from litestar import Litestar, Request, get, post
from litestar.types import ControllerRouterHandler

from app.db.database import Storage
from app.db.records import UserRecord, UserRole
from app.http.api_keys import ApiKeys, key_hash
from app.http.authentication import ANONYMOUS, Authentication
from app.http.bodies import MAX_BODY_BYTES, MAX_IMPORT_BYTES, decode_body
from app.http.csrf import CsrfProtection, CsrfTokens
from app.http.guards import principal_of, requires_role, requires_scope
from app.http.passwords import Passwords
from app.http.principal import Scope
from app.http.problems import exception_handlers
from app.http.rate_limits import RATE_LIMIT, STARTS, RateLimitGuard, RateLimits
from app.http.rate_memory import MovingWindowMemory
from app.http.rate_windows import Windows
from app.http.request_envelope import RequestEnvelope
from app.http.sessions import WebSessions
from app.settings.key_format import generate_key
from lib.streaming.clock import Clock
from lib.streaming.ids import Uuid7Factory
from lib.streaming.supervisor import Supervisor
from tests.support.database import open_storage

SECRET = b"a secret for tests only, 32 bytes"
POLICIES = {STARTS: "3/minute", "sign-in": "3/minute"}

AnyRequest = Request[Any, Any, Any]


class Wish(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    topic: str
    word_count: int
    tags: list[str] = []


@get("/whoami")
async def whoami(request: AnyRequest) -> dict[str, str]:
    principal = principal_of(request)
    return {"id": principal.id, "via": principal.via, "role": principal.role}


@get("/open", opt={ANONYMOUS: True})
async def open_to_all(request: AnyRequest) -> str:
    return "known" if request.user else "anonymous"


@post("/change", status_code=200)
async def change() -> str:
    return "changed"


@post("/open-change", status_code=200, opt={ANONYMOUS: True})
async def open_change() -> str:
    return "changed"


@post("/start", status_code=200, opt={RATE_LIMIT: STARTS})
async def start() -> str:
    return "started"


@get("/admin", guards=[requires_role(UserRole.ADMIN)])
async def admin() -> str:
    return "admin"


@get("/authors", guards=[requires_role(UserRole.AUTHOR)])
async def authors() -> str:
    return "author"


@post("/run", status_code=200, guards=[requires_scope(Scope.EXECUTIONS_RUN)])
async def run() -> str:
    return "run"


@post("/write", status_code=200, guards=[requires_scope(Scope.ASSISTANTS_WRITE)])
async def write() -> str:
    return "written"


@post("/wish", status_code=200)
async def wish(request: AnyRequest) -> str:
    return decode_body(await request.body(), Wish).topic


@post("/import", status_code=200, request_max_body_size=MAX_IMPORT_BYTES)
async def import_file(request: AnyRequest) -> str:
    return str(len(await request.body()))


@get("/broken")
async def broken() -> str:
    raise LookupError("the secret sk-canary123456 is at /etc/canary")


ROUTES: Sequence[ControllerRouterHandler] = (
    whoami, open_to_all, change, open_change, start, admin, authors, run, write, wish, import_file, broken,
)  # fmt: skip


class HttpLayer:
    """`app` is what a server runs; `client` talks to it without one."""

    def __init__(self, storage: Storage, clock: Clock, *, public_url: str | None, routes: Sequence[Any]) -> None:
        self.storage = storage
        self.clock = clock
        self.supervisor = Supervisor(clock)
        https = public_url is not None and public_url.startswith("https")
        self.sessions = WebSessions(storage.sessions, clock, self.supervisor, secrets.token_bytes, https=https)
        self.keys = ApiKeys(storage.api_keys, clock, self.supervisor)
        self.csrf = CsrfTokens(SECRET)
        self.limits = RateLimits(Windows(MovingWindowMemory(clock), clock), POLICIES)
        self.authentication = Authentication(self.sessions, self.keys)
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.litestar = Litestar(
            [*ROUTES, *routes],
            openapi_config=None,
            logging_config=None,
            middleware=[self.authentication, CsrfProtection(self.csrf, public_url)],
            guards=[RateLimitGuard(self.limits)],
            exception_handlers=exception_handlers(),
            request_max_body_size=MAX_BODY_BYTES,
        )
        self.app = RequestEnvelope(self.litestar, clock, Uuid7Factory(clock.now_ms), https=https)
        transport = httpx.ASGITransport(cast("Any", self.app), client=("203.0.113.7", 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url=public_url or "http://test")

    async def user(self, role: UserRole = UserRole.USER, email: str = "ann@example.org") -> UserRecord:
        return await self.storage.users.create(email, "Ann", role)

    async def key(
        self, user: UserRecord, scopes: Sequence[str] = tuple(Scope), expires_ms: int | None = None
    ) -> tuple[str, dict[str, str]]:
        """A key's id, and the header that uses it."""
        made = generate_key(secrets.token_bytes)
        await self.storage.api_keys.create(
            key_id=made.key_id, user_id=user.id, name="test", secret_hash=key_hash(made.text),
            last_four=made.last_four, scopes=scopes, expires_ms=expires_ms,
        )  # fmt: skip
        return made.key_id, {"Authorization": f"Bearer {made.text}"}

    async def signed_in(self, user: UserRecord, presented: str | None = None) -> dict[str, str]:
        """Sign in, optionally with a cookie already there; the Cookie header afterwards."""
        cookies = {self.sessions.cookie_name: presented} if presented else {}
        request = httpx.Request("POST", "http://test/", cookies=cookies)
        scope: Any = {"type": "http", "headers": [(b"cookie", request.headers.get("cookie", "").encode())]}
        cookie = await self.sessions.open(Request(scope), user.id)
        return {"Cookie": f"{cookie.key}={cookie.value}"}

    async def csrf_header(self, cookie: Mapping[str, str]) -> dict[str, str]:
        scope: Any = {"type": "http", "headers": [(b"cookie", cookie["Cookie"].encode())]}
        principal = await self.sessions.principal(Request(scope))
        assert principal is not None
        return {"X-CSRF-Token": self.csrf.token(principal)}


@asynccontextmanager
async def http_layer(
    directory: Path, clock: Clock, *, public_url: str | None = None, routes: Sequence[Any] = ()
) -> AsyncIterator[HttpLayer]:
    storage = await open_storage(directory, clock)
    layer = HttpLayer(storage, clock, public_url=public_url, routes=routes)
    try:
        async with layer.client:
            yield layer
    finally:
        await layer.supervisor.close()
        await layer.passwords.close()
        await storage.close()

"""Who may do what, over every route there is: a route without a row here fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from app.api.routes import ROUTES
from app.db.records import AssistantStatus, UserRole
from app.http.authentication import ANONYMOUS
from app.http.principal import Scope
from tests.support.service import Person, Service, as_json, echo

pytestmark = pytest.mark.asyncio(loop_scope="module")

START = {"toolId": "{draft}", "inputs": {"topic": "x"}}
REASON = {"reason": "no"}


class Row(NamedTuple):
    """What a stranger and an administrator get on things of an author's; `scope` is what a key needs."""

    scope: Scope | None
    stranger: int
    admin: int
    body: Any = None


RUN, READ = Scope.EXECUTIONS_RUN, Scope.EXECUTIONS_READ
SEE, WRITE, KEYS, ADMIN = Scope.ASSISTANTS_READ, Scope.ASSISTANTS_WRITE, Scope.KEYS_WRITE, Scope.ADMIN

TABLE = {
    "POST /api/assistant-architect/stream": Row(RUN, 409, 200, START),
    "POST /api/executions": Row(RUN, 409, 202, START),
    "GET /api/executions": Row(READ, 200, 200),
    "GET /api/executions/{execution_id}": Row(READ, 404, 200),
    "GET /api/executions/{execution_id}/events": Row(READ, 404, 200),
    "POST /api/executions/{execution_id}/cancel": Row(RUN, 404, 200),
    "POST /api/executions/{execution_id}/rerun": Row(RUN, 404, 202, {}),
    "DELETE /api/executions/{execution_id}": Row(RUN, 404, 204),
    "PUT /api/executions/{execution_id}/prompts/{prompt_id}/feedback": Row(RUN, 404, 404, {"value": "like"}),
    "GET /api/assistants": Row(SEE, 200, 200),
    "POST /api/assistants": Row(WRITE, 403, 201, as_json(echo())),
    "GET /api/assistants/{assistant}": Row(SEE, 404, 200),
    "PUT /api/assistants/{assistant}": Row(WRITE, 403, 200, as_json(echo())),
    "DELETE /api/assistants/{assistant}": Row(WRITE, 403, 204),
    "GET /api/assistants/{assistant}/versions": Row(SEE, 404, 200),
    "GET /api/assistants/{assistant}/versions/{number}": Row(SEE, 404, 200),
    "POST /api/assistants/{assistant}/preview": Row(SEE, 404, 200, {"inputs": {"topic": "x"}}),
    "POST /api/assistants/preview": Row(WRITE, 403, 200, {"definition": as_json(echo()), "inputs": {"topic": "x"}}),
    "POST /api/assistants/check": Row(WRITE, 403, 200, {"definition": as_json(echo())}),
    "POST /api/assistants/import": Row(WRITE, 403, 422, {}),
    "POST /api/assistants/export": Row(SEE, 404, 200, {"ids": ["{draft}"]}),
    "POST /api/assistants/{assistant}/submit": Row(WRITE, 403, 200),
    "POST /api/assistants/{assistant}/approve": Row(ADMIN, 403, 200),
    "POST /api/assistants/{assistant}/reject": Row(ADMIN, 403, 409, REASON),
    "POST /api/assistants/{assistant}/disable": Row(ADMIN, 403, 409),
    "GET /api/models": Row(SEE, 200, 200),
    "GET /api/models/categories": Row(SEE, 200, 200),
    "GET /api/diagnostics": Row(READ, 200, 200),
    "GET /api/diagnostics/stream": Row(READ, 200, 200),
    "GET /api/session": Row(None, 200, 200),
    "DELETE /api/session": Row(None, 204, 204),
    "POST /api/keys": Row(KEYS, 201, 201, {"name": "x"}),
    "GET /api/keys": Row(KEYS, 200, 200),
    "DELETE /api/keys/{key_id}": Row(KEYS, 404, 404),
    "GET /api/admin/stats": Row(ADMIN, 403, 200),
    "GET /api/admin/users": Row(ADMIN, 403, 200),
    "POST /api/admin/users": Row(ADMIN, 403, 422, {}),
    "PATCH /api/admin/users/{user_id}": Row(ADMIN, 403, 200, {"name": "x"}),
    "POST /api/admin/users/{user_id}/sign-in-link": Row(ADMIN, 403, 201),
    "GET /api/admin/keys": Row(ADMIN, 403, 200),
    "DELETE /api/admin/keys/{key_id}": Row(ADMIN, 403, 204),
    "GET /api/admin/providers": Row(ADMIN, 403, 200),
    "POST /api/admin/providers/{name}/test": Row(ADMIN, 403, 200, {"model": "echo"}),
    "GET /api/admin/models": Row(ADMIN, 403, 200),
    "PUT /api/admin/models/price": Row(ADMIN, 403, 200, {"model": "scripted/dear", "input": "1", "output": 2}),
    "DELETE /api/admin/models/price": Row(ADMIN, 403, 400),
    "GET /api/admin/audit": Row(ADMIN, 403, 200),
    "GET /api/admin/executions": Row(ADMIN, 403, 200),
    "GET /api/admin/executions/{execution_id}": Row(ADMIN, 403, 200),
    "GET /api/admin/live": Row(ADMIN, 403, 200),
    "GET /api/admin/executions/{execution_id}/replay": Row(ADMIN, 403, 200),
    "POST /api/admin/executions/{execution_id}/cancel": Row(ADMIN, 403, 200),
    "POST /api/admin/maintenance/sweep": Row(ADMIN, 403, 200, {}),
    "POST /api/admin/maintenance/retention": Row(ADMIN, 403, 200, {}),
}

PUBLIC = {
    "POST /api/session",
    "POST /api/session/link",
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
    "GET /openapi.json",
}

EACH = pytest.mark.parametrize("route", sorted(TABLE))


def declared() -> Iterator[tuple[str, bool]]:
    """Every route of the API, and whether it serves callers without credentials."""
    for handler in ROUTES:
        for path in handler.paths:
            plain = path.replace(":str", "").replace(":int", "")
            for method in handler.http_methods:
                yield f"{method} {plain}", bool(handler.opt.get(ANONYMOUS))


class Things(NamedTuple):
    """What an author has."""

    draft: str
    execution: str
    key_id: str
    user_id: str

    def fill(self, text: Any) -> Any:
        if isinstance(text, dict):
            return {name: self.fill(value) for name, value in text.items()}
        if isinstance(text, list):
            return [self.fill(value) for value in text]
        if not isinstance(text, str):
            return text
        names = {"{draft}": self.draft, "{assistant}": self.draft, "{execution_id}": self.execution}
        for name, value in (names | self._others() | {"{prompt_id}": "answer"}).items():
            text = text.replace(name, value)
        return text

    def _others(self) -> dict[str, str]:
        return {"{key_id}": self.key_id, "{number}": "1", "{user_id}": self.user_id, "{name}": "scripted"}


async def things_of(service: Service, author: Person) -> Things:
    draft = await service.assistant(author, status=AssistantStatus.DRAFT)
    execution = await service.run(author, draft, topic="x")
    (key,) = await service.storage.api_keys.list(author.user.id)
    return Things(draft.id, execution, key.key_id, author.user.id)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def untouched(service: Service) -> Things:
    """For those who are refused: nothing happens to it."""
    return await things_of(service, await service.person(UserRole.AUTHOR))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def refused(service: Service) -> list[dict[str, str]]:
    """Headers that once opened something, or never did."""
    revoked, expired = await service.person(UserRole.ADMIN), await service.person(UserRole.ADMIN)
    (key,) = await service.storage.api_keys.list(revoked.user.id)
    await service.storage.api_keys.revoke(key.key_id)
    keys = (revoked.key, await service.key(expired.user, expires_ms=1), expired.key[:-1] + "!", "x")
    bearers = [{"Authorization": f"Bearer {text}"} for text in keys]
    return [{}, *bearers, {"Cookie": f"aa_session={'A' * 43}"}, await ended_session(service)]


async def ended_session(service: Service) -> dict[str, str]:
    browser, person = service.browser(), await service.person_with_password(UserRole.ADMIN)
    await browser.sign_in(person)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())}
    headers["X-CSRF-Token"] = browser.client.headers["X-CSRF-Token"]
    assert (await browser.ask("DELETE", "/api/session")).status_code == 204
    return headers


async def ask(service: Service, route: str, things: Things, **more: Any) -> tuple[int, str | None]:
    method, path = route.split()
    body = things.fill(TABLE[route].body)
    async with service.client.stream(method, things.fill(path), json=body, **more) as answer:
        # A stream may have no end of its own.
        if answer.headers.get("content-type") != "application/problem+json":
            return answer.status_code, None
        return answer.status_code, json.loads(await answer.aread())["code"]


async def test_every_route_is_in_the_table_or_meant_for_everybody() -> None:
    routes = dict(declared())
    assert {route for route, public in routes.items() if public} == PUBLIC
    assert {route for route, public in routes.items() if not public} == TABLE.keys()


@EACH
async def test_nobody_gets_in_without_a_credential_that_holds(
    service: Service, untouched: Things, refused: list[dict[str, str]], route: str
) -> None:
    for headers in refused:
        assert await ask(service, route, untouched, headers=headers) == (401, "unauthenticated"), headers.keys()


@EACH
async def test_a_key_needs_the_route_s_scope(service: Service, untouched: Things, route: str) -> None:
    needed = TABLE[route].scope
    if needed is None:
        return
    others = [scope for scope in Scope if scope is not needed]
    lacking = {"Authorization": f"Bearer {await service.key((await service.person()).user, others)}"}
    status, code = await ask(service, route, untouched, headers=lacking)
    # A key without the administrator's scope is no administrator's either.
    assert (status, code) in ((403, "insufficient_scope"), (403, "forbidden"))


@EACH
async def test_a_stranger_gets_nothing_of_an_author_s(
    service: Service, author: Person, user: Person, route: str
) -> None:
    things = await things_of(service, author)
    status, _ = await ask(service, route, things, headers=user.headers)
    assert status == TABLE[route].stranger


@EACH
async def test_another_author_gets_no_more_than_a_stranger(service: Service, author: Person, route: str) -> None:
    things, other = await things_of(service, author), await service.person(UserRole.AUTHOR)
    status, _ = await ask(service, route, things, headers=other.headers)
    # Authors may write, but what is not theirs is not there.
    own = {"POST /api/assistants": 201, "POST /api/assistants/preview": 200, "POST /api/assistants/check": 200}
    hidden = route.split()[1].startswith("/api/assistants/{") and TABLE[route].scope is WRITE
    assert status == own.get(route, 404 if hidden else TABLE[route].stranger)


@EACH
async def test_an_administrator_may(service: Service, author: Person, admin: Person, route: str) -> None:
    things = await things_of(service, author)
    status, _ = await ask(service, route, things, headers=admin.headers)
    assert status == TABLE[route].admin


READS = ("GET /api/executions/{execution_id}", "GET /api/executions/{execution_id}/events")


@pytest.mark.parametrize("route", READS)
async def test_an_administrator_s_look_at_another_s_execution_is_written_down(
    service: Service, author: Person, admin: Person, route: str
) -> None:
    things = await things_of(service, author)
    for person in (author, admin):
        await ask(service, route, things, headers=person.headers)
    rows = [row for row in (await service.storage.audit.list(100)).items if row.target == things.execution]
    assert [row.actor_id for row in rows] == [admin.user.id]


@pytest.mark.parametrize("route", READS)
async def test_absent_and_foreign_look_the_same(service: Service, author: Person, user: Person, route: str) -> None:
    foreign = await things_of(service, author)
    absent = foreign._replace(execution="019a0000-0000-7000-8000-000000000000")
    answers = []
    for things in (foreign, absent):
        answer = await service.client.get(things.fill(route.split()[1]), headers=user.headers)
        body = answer.json()
        body.pop("requestId")
        answers.append((answer.status_code, str(body).replace(things.execution, "…")))
    assert answers[0] == answers[1]


async def test_a_key_of_an_administrator_without_the_scope_sees_only_its_own(service: Service, author: Person) -> None:
    things = await things_of(service, author)
    plain = await service.person(UserRole.ADMIN, [scope for scope in Scope if scope is not ADMIN])
    assert (await ask(service, READS[0], things, headers=plain.headers))[0] == 404
    listed = await service.client.get("/api/assistants", params={"limit": 100}, headers=plain.headers)
    assert things.draft not in {item["id"] for item in listed.json()["items"]}

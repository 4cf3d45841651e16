"""What administrators look at and do: people, keys, figures, providers, models, the audit, maintenance."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.db.records import AuditFilter, UserRole
from tests.support.service import Person, Service, echo

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADMIN = "/api/admin"


async def ask(service: Service, person: Person, method: str, path: str, **more: Any) -> httpx.Response:
    return await service.client.request(method, ADMIN + path, headers=person.headers, **more)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def actions(service: Service, target: str) -> list[str]:
    page = await service.storage.audit.list(100, None, AuditFilter(target=target))
    return [row.action for row in reversed(page.items)]


# --- people -----------------------------------------------------------------------------------------------------


async def test_a_new_user_signs_in_once_by_the_link_an_administrator_makes(service: Service, admin: Person) -> None:
    body = {"email": "Grace@example.org ", "name": "Grace", "role": "author"}
    made = await ask(service, admin, "POST", "/users", json=body)
    user = made.json()
    assert (made.status_code, user["email"], user["role"]) == (201, "grace@example.org", "author")
    link = await ask(service, admin, "POST", f"/users/{user['id']}/sign-in-link")
    assert link.headers["cache-control"] == "no-store"
    url, _, token = link.json()["url"].partition("#token=")
    assert url == f"{str(service.client.base_url).rstrip('/')}/sign-in"
    first = await service.browser().ask("POST", "/api/session/link", json={"token": token})
    again = await service.browser().ask("POST", "/api/session/link", json={"token": token})
    assert (first.status_code, code(again)) == (200, (410, "link_expired"))
    assert await actions(service, user["id"]) == ["user.create", "user.sign_in_link", "session.link"]
    assert code(await ask(service, admin, "POST", "/users", json=body)) == (409, "email_taken")


async def test_a_user_that_cannot_be_is_refused_with_every_problem(service: Service, admin: Person) -> None:
    answer = await ask(service, admin, "POST", "/users", json={"email": "x", "role": "king", "colour": 1})
    assert code(answer) == (422, "invalid_input")
    assert {error["path"] for error in answer.json()["errors"]} == {"email", "role", "colour"}


async def test_users_are_found_by_a_part_of_their_address(service: Service, admin: Person, author: Person) -> None:
    found = (await ask(service, admin, "GET", "/users", params={"q": author.user.email.upper()})).json()
    assert [item["id"] for item in found["items"]] == [author.user.id]
    assert (await ask(service, admin, "GET", "/users", params={"q": "%"})).json()["items"] == []


async def test_who_is_shut_out_is_out_at_once_with_session_and_key(service: Service, admin: Person) -> None:
    person, browser = await service.person_with_password(UserRole.USER), service.browser()
    await browser.sign_in(person)
    assert (await service.client.get("/api/keys", headers=person.headers)).status_code == 200
    await service.storage.sessions.create_link(person.user.id, b"link", service.node.clock.now_ms() + 60_000)
    changed = await ask(service, admin, "PATCH", f"/users/{person.user.id}", json={"disabled": True})
    assert changed.json()["disabled"] is True
    assert (await browser.ask("GET", "/api/session")).status_code == 401
    assert (await service.client.get("/api/keys", headers=person.headers)).status_code == 401
    assert code(await ask(service, admin, "POST", f"/users/{person.user.id}/sign-in-link")) == (409, "invalid_state")
    await ask(service, admin, "PATCH", f"/users/{person.user.id}", json={"disabled": False})
    assert (await browser.ask("GET", "/api/session")).status_code == 401
    assert await service.storage.sessions.consume_link(b"link", 0) is None
    assert (await service.client.get("/api/keys", headers=person.headers)).status_code == 200


async def test_a_role_that_is_taken_away_is_gone_for_a_key_too(service: Service, admin: Person) -> None:
    other = await service.person(UserRole.ADMIN)
    assert (await ask(service, other, "GET", "/users")).status_code == 200
    await ask(service, admin, "PATCH", f"/users/{other.user.id}", json={"role": "user", "name": " Otto "})
    assert code(await ask(service, other, "GET", "/users")) == (403, "forbidden")
    stored = await service.storage.users.by_id(other.user.id)
    assert stored is not None
    assert (stored.role, stored.name) == (UserRole.USER, "Otto")


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "user"}, {"role": "author"}])
async def test_nobody_gives_their_own_administration_away(service: Service, admin: Person, change: Any) -> None:
    assert code(await ask(service, admin, "PATCH", f"/users/{admin.user.id}", json=change)) == (409, "own_account")
    assert (await ask(service, admin, "PATCH", f"/users/{admin.user.id}", json={"name": "Me"})).status_code == 200


async def test_who_is_not_there_cannot_be_changed(service: Service, admin: Person) -> None:
    assert code(await ask(service, admin, "PATCH", "/users/nobody", json={"name": "x"})) == (404, "not_found")
    assert code(await ask(service, admin, "POST", "/users/nobody/sign-in-link")) == (404, "not_found")


# --- keys -------------------------------------------------------------------------------------------------------


async def test_an_administrator_sees_and_revokes_anybody_s_key(service: Service, admin: Person, user: Person) -> None:
    listed = (await ask(service, admin, "GET", "/keys", params={"user": user.user.id})).json()["items"]
    assert [(item["email"], item["name"]) for item in listed] == [(user.user.email, "test")]
    assert "key" not in listed[0]
    key_id = listed[0]["keyId"]
    assert (await ask(service, admin, "DELETE", f"/keys/{key_id}")).status_code == 204
    assert (await service.client.get("/api/keys", headers=user.headers)).status_code == 401
    assert code(await ask(service, admin, "DELETE", f"/keys/{key_id}")) == (404, "not_found")
    assert await actions(service, key_id) == ["key.revoke"]


async def test_everybody_s_keys_come_page_by_page(service: Service, admin: Person) -> None:
    for _ in range(3):
        await service.key(admin.user)
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await ask(service, admin, "GET", "/keys", params=params)).json()
        seen += [item["keyId"] for item in page["items"]]
        if not (cursor := page["nextCursor"]):
            break
    assert len(seen) == len(set(seen)) > 2


# --- figures ----------------------------------------------------------------------------------------------------


async def test_statistics_count_runs_failures_tokens_and_times(service: Service, admin: Person, author: Person) -> None:
    good = await service.assistant(author, echo("Counted"))
    bad = await service.assistant(author, echo("Broken", model="scripted/fault-quota"))
    await service.run(author, good, topic="one two")
    await service.run(author, good, topic="three")
    await service.run(author, bad, topic="x")
    stats = (await ask(service, admin, "GET", "/stats")).json()
    assert len(stats["days"]) == 30
    assert (stats["days"][-1]["runs"], stats["runs"]) == (stats["runs"], sum(day["runs"] for day in stats["days"]))
    shares = {share["id"]: share for share in stats["assistants"]}
    assert (shares[good.id]["name"], shares[good.id]["runs"], shares[good.id]["failed"]) == ("Counted", 2, 0)
    assert shares[good.id]["outputTokens"] == 5
    assert (shares[bad.id]["runs"], shares[bad.id]["failed"]) == (1, 1)
    assert sum(stats["codes"].values()) == stats["failed"] > 0
    (mine,) = (share for share in stats["users"] if share["id"] == author.user.id)
    assert (mine["name"], mine["runs"], mine["failed"]) == (author.user.email, 3, 1)
    assert "scripted/echo" in {share["id"] for share in stats["models"]}
    assert stats["durationMs"]["count"] == stats["sampled"] >= 3
    assert stats["firstTokenMs"]["p50"] <= stats["firstTokenMs"]["p95"]
    assert "scripted/echo" in {one["model"] for one in stats["byModel"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"},
    ],
)
async def test_a_stretch_that_is_none_or_too_long_is_refused(service: Service, admin: Person, wrong: Any) -> None:
    assert code(await ask(service, admin, "GET", "/stats", params=wrong)) == (422, "invalid_input")


async def test_the_days_asked_for_are_there_also_without_runs(service: Service, admin: Person) -> None:
    params = {"from": "2020-02-28T00:00:00Z", "to": "2020-03-01T12:00:00Z"}
    stats = (await ask(service, admin, "GET", "/stats", params=params)).json()
    assert [day["day"] for day in stats["days"]] == ["2020-02-28", "2020-02-29", "2020-03-01"]
    assert (stats["runs"], stats["durationMs"]) == (0, {"p50": None, "p95": None, "count": 0})


# --- providers and models ---------------------------------------------------------------------------------------


async def test_a_provider_tells_its_last_failures(service: Service, admin: Person, author: Person) -> None:
    broken = await service.assistant(author, echo("No money", model="scripted/fault-quota"))
    await service.run(author, broken, topic="x")
    answer = (await ask(service, admin, "GET", "/providers")).json()
    assert answer["node"] == service.node.service.manager.worker
    (scripted,) = (item for item in answer["items"] if item["name"] == "scripted")
    assert scripted["inFlight"] == 0
    newest = scripted["errors"][0]
    assert (newest["model"], newest["code"]) == ("fault-quota", "upstream_rate_limited")
    (model,) = (one for one in scripted["models"] if one["model"] == "fault-quota")
    assert model["failed"] == model["inARow"] > 0


async def test_a_provider_is_asked_for_one_word(service: Service, admin: Person) -> None:
    good = (await ask(service, admin, "POST", "/providers/scripted/test", json={"model": "echo"})).json()
    assert (good["ok"], good["model"], good["code"]) == (True, "echo", None)
    assert 0 <= good["firstTokenMs"] <= good["durationMs"]
    bad = (await ask(service, admin, "POST", "/providers/scripted/test", json={"model": "fault-quota"})).json()
    assert (bad["ok"], bad["code"], bad["firstTokenMs"]) == (False, "upstream_rate_limited", None)
    assert await actions(service, "scripted/echo") == ["provider.test"]
    assert code(await ask(service, admin, "POST", "/providers/nobody/test")) == (404, "not_found")


async def test_models_tell_who_names_and_asks_them(service: Service, admin: Person, author: Person) -> None:
    used = await service.assistant(author, echo("Long", model="scripted/long-3"))
    await service.run(author, used, topic="x")
    items = {item["model"]: item for item in (await ask(service, admin, "GET", "/models")).json()["items"]}
    assert items["scripted/long-3"] == {
        "model": "scripted/long-3", "provider": "scripted", "available": True,
        "prompts": 1, "fallbacks": 0, "recentRuns": 1,
        "price": {"input": "0", "cachedInput": None, "output": "0"}, "priceSetAt": None,
    }  # fmt: skip


# --- the audit and maintenance ----------------------------------------------------------------------------------


async def test_the_audit_is_narrowed_by_actor_action_and_target(service: Service, admin: Person, user: Person) -> None:
    await ask(service, admin, "PATCH", f"/users/{user.user.id}", json={"name": "One"})
    await ask(service, admin, "PATCH", f"/users/{user.user.id}", json={"name": "Two"})
    await ask(service, admin, "POST", f"/users/{user.user.id}/sign-in-link")
    params = {"actor": admin.user.id, "action": "user.change", "target": user.user.id, "limit": 1}
    first = (await ask(service, admin, "GET", "/audit", params=params)).json()
    then = (await ask(service, admin, "GET", "/audit", params=params | {"cursor": first["nextCursor"]})).json()
    assert [page["items"][0]["details"] for page in (first, then)] == [{"name": "Two"}, {"name": "One"}]
    assert then["nextCursor"] is None
    assert first["items"][0]["actorEmail"] == admin.user.email
    assert first["items"][0]["requestId"]
    past = {"actor": admin.user.id, "to": "2020-01-01T00:00:00Z"}
    assert (await ask(service, admin, "GET", "/audit", params=past)).json()["items"] == []


async def test_maintenance_tells_what_is_due_and_does_it_when_asked_to(service: Service, admin: Person) -> None:
    nothing = {"contents": 0, "records": 0, "audit": 0}
    dry = (await ask(service, admin, "POST", "/maintenance/retention")).json()
    assert dry == {"applied": False, "due": nothing, "removed": None}
    done = (await ask(service, admin, "POST", "/maintenance/retention", json={"apply": True})).json()
    assert done == {"applied": True, "due": nothing, "removed": nothing}
    swept = (await ask(service, admin, "POST", "/maintenance/sweep", json={"apply": True})).json()
    assert (swept["applied"], swept["unheld"]) == (True, 0)
    assert code(await ask(service, admin, "POST", "/maintenance/sweep", json={"apply": 1})) == (422, "invalid_input")
    mine = AuditFilter(actor_id=admin.user.id)
    done_by_me = [row.action for row in (await service.storage.audit.list(9, None, mine)).items]
    assert done_by_me == ["maintenance.sweep", "maintenance.retention"]

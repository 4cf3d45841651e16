"""Signing in, looking who one is, signing out; keys for programs."""

from __future__ import annotations

import httpx
import pytest

from app.api.signing_in import link_hash
from app.db.records import UserRole
from app.http.principal import Scope
from tests.support.service import PASSWORD, Person, Service, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "/api/session"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_password_opens_a_session_and_signing_out_ends_it(service: Service) -> None:
    person, browser = await service.person_with_password(), service.browser()
    await browser.sign_in(person)
    seen = (await browser.ask("GET", URL)).json()
    assert (seen["email"], seen["role"]) == (person.user.email, "user")
    cookies = dict(browser.client.cookies)
    assert (await browser.ask("DELETE", URL)).status_code == 204
    browser.client.cookies.update(cookies)
    assert code(await browser.ask("GET", URL)) == (401, "unauthenticated")


@pytest.mark.parametrize("email", ["nobody@example.org", None])
async def test_unknown_address_and_wrong_password_look_the_same(service: Service, email: str | None) -> None:
    person = await service.person_with_password()
    body = {"email": email or person.user.email, "password": "wrong"}
    answer = await service.browser().ask("POST", URL, json=body)
    assert code(answer) == (401, "invalid_credentials")
    assert answer.json()["detail"] == "There is no such user, or the password is wrong."
    assert "set-cookie" not in answer.headers


async def test_a_user_without_a_password_cannot_sign_in_with_one(service: Service, user: Person) -> None:
    answer = await service.browser().ask("POST", URL, json={"email": user.user.email, "password": PASSWORD})
    assert code(answer) == (401, "invalid_credentials")


async def test_every_problem_of_a_sign_in_is_told(service: Service) -> None:
    answer = await service.browser().ask("POST", URL, json={"email": 1, "extra": True})
    assert code(answer) == (422, "invalid_input")
    assert {error["path"] for error in answer.json()["errors"]} == {"email", "password", "extra"}
    assert code(await service.browser().ask("POST", URL, content=b"{")) == (400, "malformed_json")


async def test_guessing_passwords_is_slowed_down(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running_service(tmp_path_factory.mktemp("guessing"), rate_limit_sign_in="2/minute") as service:
        answers = [
            await service.browser().ask("POST", URL, json={"email": "a@example.org", "password": str(number)})
            for number in range(3)
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


async def link(service: Service, person: Person, token: str, seconds: int = 60) -> None:
    expires_ms = service.node.clock.now_ms() + seconds * 1000
    await service.storage.sessions.create_link(person.user.id, link_hash(token), expires_ms)


async def test_a_link_signs_in_once(service: Service, user: Person) -> None:
    await link(service, user, "once")
    browser = service.browser()
    answer = await browser.ask("POST", f"{URL}/link", json={"token": "once"})
    assert (answer.status_code, answer.json()["email"]) == (200, user.user.email)
    assert (await browser.ask("GET", URL)).json()["id"] == user.user.id
    assert code(await service.browser().ask("POST", f"{URL}/link", json={"token": "once"})) == (410, "link_expired")


async def test_opening_a_link_uses_nothing_up(service: Service, user: Person) -> None:
    await link(service, user, "looked-at")
    page = await service.client.get("/sign-in")
    assert page.status_code == 200
    answer = await service.browser().ask("POST", f"{URL}/link", json={"token": "looked-at"})
    assert answer.status_code == 200


async def test_a_link_that_is_too_old_or_made_up_is_refused(service: Service, user: Person) -> None:
    await link(service, user, "late", seconds=-1)
    for token in ("late", "unknown"):
        assert code(await service.browser().ask("POST", f"{URL}/link", json={"token": token})) == (410, "link_expired")


async def test_a_preset_cookie_is_replaced_at_sign_in(service: Service) -> None:
    person, browser = await service.person_with_password(), service.browser()
    planted = "A" * 43
    browser.client.cookies.set("aa_session", planted)
    await browser.sign_in(person)
    assert browser.client.cookies.get("aa_session", domain="127.0.0.1") not in (None, planted)


async def test_a_change_from_another_site_is_refused(service: Service) -> None:
    person, browser = await service.person_with_password(), service.browser()
    await browser.sign_in(person)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert code(await browser.ask("POST", "/api/keys", json={"name": "x"}, headers=elsewhere)) == (403, "csrf_failed")
    no_token = {"X-CSRF-Token": "guess"}
    assert code(await browser.ask("POST", "/api/keys", json={"name": "x"}, headers=no_token)) == (403, "csrf_failed")
    sign_in = {"email": person.user.email, "password": PASSWORD}
    assert code(await browser.ask("POST", URL, json=sign_in, headers=elsewhere)) == (403, "csrf_failed")


async def test_a_key_is_shown_once_works_and_can_be_revoked(service: Service, user: Person) -> None:
    made = await service.client.post("/api/keys", json={"name": "ci"}, headers=user.headers)
    key = made.json()
    assert (made.status_code, made.headers["location"]) == (201, f"/api/keys/{key['keyId']}")
    bearer = {"Authorization": f"bearer {key['key']}"}
    assert (await service.client.get(URL, headers=bearer)).json()["id"] == user.user.id
    listed = (await service.client.get("/api/keys", headers=user.headers)).json()["items"]
    assert [item["keyId"] for item in listed if item["name"] == "ci"] == [key["keyId"]]
    assert not any("key" in item or "secret" in item for item in listed)
    assert (await service.client.delete(f"/api/keys/{key['keyId']}", headers=user.headers)).status_code == 204
    assert code(await service.client.get(URL, headers=bearer)) == (401, "unauthenticated")
    assert (await service.client.delete(f"/api/keys/{key['keyId']}", headers=user.headers)).status_code == 404


async def test_a_key_can_be_made_for_less_and_not_for_more(service: Service, user: Person) -> None:
    scopes = ["executions:read", "keys:write"]
    small = (await service.client.post("/api/keys", json={"name": "s", "scopes": scopes}, headers=user.headers)).json()
    assert small["scopes"] == scopes
    bearer = {"Authorization": f"Bearer {small['key']}"}
    wants_more = {"name": "m", "scopes": ["executions:run"]}
    assert code(await service.client.post("/api/keys", json=wants_more, headers=bearer)) == (422, "invalid_input")
    assert (await service.client.get("/api/executions", headers=bearer)).status_code == 200


async def test_keys_of_others_are_not_there(service: Service, user: Person, admin: Person) -> None:
    key = (await service.client.post("/api/keys", json={"name": "mine"}, headers=user.headers)).json()
    answer = await service.client.delete(f"/api/keys/{key['keyId']}", headers=admin.headers)
    assert code(answer) == (404, "not_found")


async def test_a_key_without_the_scope_makes_no_keys(service: Service) -> None:
    person = await service.person(UserRole.USER, [Scope.EXECUTIONS_RUN])
    answer = await service.client.post("/api/keys", json={"name": "x"}, headers=person.headers)
    assert code(answer) == (403, "insufficient_scope")

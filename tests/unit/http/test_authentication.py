"""Who gets in, as whom, and who does not."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.db.records import UserRole
from app.http.api_keys import key_hash
from app.http.principal import Scope
from app.settings.key_format import generate_key
from lib.streaming.clock import SystemClock
from tests.support.fake_clock import FakeClock, settle
from tests.support.http_layer import HttpLayer, http_layer


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[HttpLayer]:
    async with http_layer(tmp_path, SystemClock()) as layer:
        yield layer


async def whoami(layer: HttpLayer, headers: dict[str, str]) -> Any:
    answer = await layer.client.get("/whoami", headers=headers)
    return answer.json() if answer.status_code == 200 else answer.status_code


# Keys


async def test_a_key_makes_its_user_the_caller(layer: HttpLayer) -> None:
    user = await layer.user()
    _, key = await layer.key(user)
    assert await whoami(layer, key) == {"id": user.id, "via": "key", "role": "user"}


@pytest.mark.parametrize("spelling", ["authorization", "AUTHORIZATION", "Authorization"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_header_name_and_scheme_may_be_spelt_in_any_case(layer: HttpLayer, spelling: str, scheme: str) -> None:
    _, key = await layer.key(await layer.user())
    text = key["Authorization"].removeprefix("Bearer ")
    assert isinstance(await whoami(layer, {spelling: f"{scheme} {text}"}), dict)


async def test_no_credentials_are_401_with_a_challenge(layer: HttpLayer) -> None:
    answer = await layer.client.get("/whoami")
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_a_key_that_nobody_has_is_401(layer: HttpLayer) -> None:
    unknown = generate_key(secrets.token_bytes).text
    assert await whoami(layer, {"Authorization": f"Bearer {unknown}"}) == 401


async def test_another_secret_under_a_known_key_id_is_401(layer: HttpLayer) -> None:
    forged, real = generate_key(secrets.token_bytes), generate_key(secrets.token_bytes)
    user = await layer.user()
    await layer.storage.api_keys.create(
        key_id=forged.key_id,
        user_id=user.id,
        name="test",
        secret_hash=key_hash(real.text),
        last_four=real.last_four,
        scopes=list(Scope),
    )
    assert await whoami(layer, {"Authorization": f"Bearer {forged.text}"}) == 401


@pytest.mark.parametrize(
    "header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "aa_live_x", "Bearer aa_live_a_b", "Bearer é"]
)
async def test_anything_else_in_the_header_is_401(layer: HttpLayer, header: str) -> None:
    answer = await layer.client.get("/whoami", headers=[(b"authorization", header.encode("latin-1"))])
    assert answer.status_code == 401


async def test_two_authorization_headers_are_401(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    header = ("authorization", key["Authorization"])
    assert (await layer.client.get("/whoami", headers=[header, header])).status_code == 401


async def test_an_expired_key_is_401(layer: HttpLayer) -> None:
    user = await layer.user()
    _, key = await layer.key(user, expires_ms=layer.clock.now_ms() - 1)
    assert await whoami(layer, key) == 401


async def test_a_revoked_key_is_401_at_once_where_it_is_forgotten(layer: HttpLayer) -> None:
    key_id, key = await layer.key(await layer.user())
    assert isinstance(await whoami(layer, key), dict)
    await layer.storage.api_keys.revoke(key_id)
    layer.keys.forget(key_id)
    assert await whoami(layer, key) == 401


async def test_a_key_revoked_elsewhere_is_401_within_five_seconds(tmp_path: Path) -> None:
    clock = FakeClock()
    async with http_layer(tmp_path, clock) as layer:
        key_id, key = await layer.key(await layer.user())
        assert isinstance(await whoami(layer, key), dict)
        await layer.storage.api_keys.revoke(key_id)
        await clock.advance(5)
        assert await whoami(layer, key) == 401


async def test_a_key_in_the_query_is_no_credential(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    text = key["Authorization"].removeprefix("Bearer ")
    for name in ("api_key", "access_token", "token", "key"):
        assert (await layer.client.get("/whoami", params={name: text})).status_code == 401


async def test_use_of_a_key_is_noted(layer: HttpLayer) -> None:
    user = await layer.user()
    _, key = await layer.key(user)
    await whoami(layer, key)
    while (await layer.storage.api_keys.list(user.id))[0].last_used_ms is None:
        await settle()


async def test_keys_remembered_are_bounded(layer: HttpLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.api_keys.CACHE_ENTRIES", 2)
    user = await layer.user()
    for _ in range(4):
        _, key = await layer.key(user)
        assert isinstance(await whoami(layer, key), dict)
    assert len(layer.keys._known) == 2


# Sessions


async def test_a_session_cookie_makes_its_user_the_caller(layer: HttpLayer) -> None:
    user = await layer.user(UserRole.AUTHOR)
    cookie = await layer.signed_in(user)
    assert await whoami(layer, cookie) == {"id": user.id, "via": "session", "role": "author"}


async def test_a_preset_session_id_is_never_taken_over(layer: HttpLayer) -> None:
    chosen = "A" * 43
    cookie = await layer.signed_in(await layer.user(), presented=chosen)
    assert chosen not in cookie["Cookie"]
    assert await whoami(layer, {"Cookie": f"aa_session={chosen}"}) == 401


async def test_signing_in_again_ends_the_session_before(layer: HttpLayer) -> None:
    user = await layer.user()
    first = await layer.signed_in(user)
    second = await layer.signed_in(user, presented=first["Cookie"].partition("=")[2])
    assert await whoami(layer, first) == 401
    assert isinstance(await whoami(layer, second), dict)


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(tmp_path: Path) -> None:
    async with http_layer(tmp_path, SystemClock(), public_url="https://assistants.example") as layer:
        user = await layer.user()
        request: Any = type("Request", (), {"cookies": {}})()
        header = (await layer.sessions.open(request, user.id)).to_header(header="")
        assert header.startswith("__Host-aa_session=")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=lax"} <= set(header.split("; "))
        assert "Domain" not in header


async def test_only_the_hash_of_a_token_is_stored(layer: HttpLayer, tmp_path: Path) -> None:
    cookie = await layer.signed_in(await layer.user())
    token = cookie["Cookie"].partition("=")[2].encode()
    stored = stored_bytes(tmp_path)
    assert hashlib.sha256(token).digest() in stored
    assert token not in stored


def stored_bytes(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.iterdir())


async def test_a_session_lives_14_days_from_its_last_use_and_90_in_all(tmp_path: Path) -> None:
    clock = FakeClock(SystemClock().now_ms())
    async with http_layer(tmp_path, clock) as layer:
        user = await layer.user()
        unused, used = await layer.signed_in(user), await layer.signed_in(user)
        for _ in range(6):
            await clock.advance(13 * 86_400)
            assert isinstance(await whoami(layer, used), dict)
            await noted(layer, used)
        assert await whoami(layer, unused) == 401
        await clock.advance(13 * 86_400)
        assert await whoami(layer, used) == 401


async def noted(layer: HttpLayer, cookie: dict[str, str]) -> None:
    """Wait until the use of a session is stored."""
    token_hash = hashlib.sha256(cookie["Cookie"].partition("=")[2].encode()).digest()
    while (session := await layer.storage.sessions.find(token_hash)) is not None:
        if layer.clock.now_ms() - session.last_seen_ms < 60_000:
            return
        await settle()


async def test_signing_out_ends_the_session_on_the_server(layer: HttpLayer) -> None:
    cookie = await layer.signed_in(await layer.user())
    request: Any = type("Request", (), {"cookies": {"aa_session": cookie["Cookie"].partition("=")[2]}})()
    removal = await layer.sessions.close(request)
    assert removal.max_age == 0
    assert await whoami(layer, cookie) == 401


async def test_a_wrong_key_is_not_made_up_for_by_a_cookie(layer: HttpLayer) -> None:
    cookie = await layer.signed_in(await layer.user())
    assert await whoami(layer, {**cookie, "Authorization": "Bearer nonsense"}) == 401


async def test_anonymous_routes_serve_stale_credentials_too(layer: HttpLayer) -> None:
    for headers in ({}, {"Cookie": f"aa_session={'x' * 43}"}, {"Authorization": "Bearer nonsense"}):
        answer = await layer.client.get("/open", headers=headers)
        assert (answer.status_code, answer.text) == (200, "anonymous")
    cookie = await layer.signed_in(await layer.user())
    assert (await layer.client.get("/open", headers=cookie)).text == "known"


# Roles and scopes


@pytest.mark.parametrize(
    ("role", "author_status", "admin_status"),
    [(UserRole.USER, 403, 403), (UserRole.AUTHOR, 200, 403), (UserRole.ADMIN, 200, 200)],
)
async def test_a_role_opens_its_own_doors_and_those_below(
    layer: HttpLayer, role: UserRole, author_status: int, admin_status: int
) -> None:
    cookie = await layer.signed_in(await layer.user(role))
    assert (await layer.client.get("/authors", headers=cookie)).status_code == author_status
    refused = await layer.client.get("/admin", headers=cookie)
    assert refused.status_code == admin_status


async def test_a_key_without_the_scope_is_403(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user(), scopes=[Scope.EXECUTIONS_READ])
    answer = await layer.client.post("/run", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


async def test_an_administrators_key_acts_as_one_only_with_the_scope(layer: HttpLayer) -> None:
    user = await layer.user(UserRole.ADMIN)
    _, plain = await layer.key(user, scopes=[Scope.EXECUTIONS_RUN])
    _, full = await layer.key(user)
    assert (await layer.client.get("/admin", headers=plain)).status_code == 403
    assert (await layer.client.get("/admin", headers=full)).status_code == 200


async def test_a_key_never_does_more_than_its_users_role(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user(UserRole.USER), scopes=list(Scope))
    assert (await layer.client.post("/write", headers=key)).status_code == 403
    _, key = await layer.key(await layer.user(UserRole.AUTHOR, "bob@example.org"), scopes=list(Scope))
    assert (await layer.client.post("/write", headers=key)).status_code == 200


async def test_a_scope_from_a_later_version_is_no_scope(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user(), scopes=["teleport", "executions:run"])
    assert (await layer.client.post("/run", headers=key)).status_code == 200


# Long streams


async def test_a_permit_ends_with_the_session_and_with_the_key(layer: HttpLayer) -> None:
    user = await layer.user()
    cookie = await layer.signed_in(user)
    token = cookie["Cookie"].partition("=")[2]
    request: Any = type("Request", (), {"cookies": {"aa_session": token}})()
    by_session = await layer.sessions.principal(request)
    key_id, key = await layer.key(user)
    by_key = await layer.keys.principal(key["Authorization"].removeprefix("Bearer "))
    assert by_session is not None
    assert by_key is not None
    session_permit, key_permit = layer.authentication.permit(by_session), layer.authentication.permit(by_key)
    assert await session_permit()
    assert await key_permit()
    await layer.sessions.close(request)
    await layer.storage.api_keys.revoke(key_id)
    assert not await session_permit()
    assert not await key_permit()

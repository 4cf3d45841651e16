"""A change asked for with a cookie must come from our own pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lib.streaming.clock import SystemClock
from tests.support.http_layer import HttpLayer, http_layer

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[HttpLayer]:
    async with http_layer(tmp_path, SystemClock()) as layer:
        yield layer


async def change(layer: HttpLayer, headers: dict[str, str], form: dict[str, str] | None = None) -> int:
    answer = await layer.client.post("/change", headers=headers, data=form)
    assert answer.status_code == 200 or answer.json()["code"] == "csrf_failed"
    return answer.status_code


async def test_the_token_in_the_header_lets_a_change_through(layer: HttpLayer) -> None:
    cookie = await layer.signed_in(await layer.user())
    token = await layer.csrf_header(cookie)
    assert await change(layer, {**cookie, **token, **OWN}) == 200


async def test_the_token_in_a_form_lets_a_change_through(layer: HttpLayer) -> None:
    cookie = await layer.signed_in(await layer.user())
    token = (await layer.csrf_header(cookie))["X-CSRF-Token"]
    assert await change(layer, {**cookie, **OWN}, {"_csrf_token": token}) == 200
    assert await change(layer, {**cookie, **OWN}, {"_csrf_token": "x" + token}) == 403


async def test_no_token_is_403_even_from_our_own_origin(layer: HttpLayer) -> None:
    cookie = await layer.signed_in(await layer.user())
    assert await change(layer, {**cookie, **OWN}) == 403


async def test_the_token_of_another_session_is_403(layer: HttpLayer) -> None:
    user = await layer.user()
    mine, other = await layer.signed_in(user), await layer.signed_in(user)
    assert await change(layer, {**mine, **await layer.csrf_header(other), **OWN}) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "garbage"])
async def test_another_site_is_403_whatever_it_knows(layer: HttpLayer, site: str) -> None:
    cookie = await layer.signed_in(await layer.user())
    headers = {**cookie, **await layer.csrf_header(cookie), "Sec-Fetch-Site": site}
    assert await change(layer, headers) == 403


@pytest.mark.parametrize(
    ("origin", "status"), [("http://test", 200), ("http://evil.example", 403), ("null", 403), ("http://test:8001", 403)]
)
async def test_without_fetch_metadata_the_origin_decides(layer: HttpLayer, origin: str, status: int) -> None:
    cookie = await layer.signed_in(await layer.user())
    assert await change(layer, {**cookie, **await layer.csrf_header(cookie), "Origin": origin}) == status


async def test_the_public_url_counts_more_than_the_host_header(tmp_path: Path) -> None:
    async with http_layer(tmp_path, SystemClock(), public_url="https://assistants.example") as layer:
        cookie = await layer.signed_in(await layer.user())
        headers = {**cookie, **await layer.csrf_header(cookie)}
        assert await change(layer, {**headers, "Origin": "https://assistants.example"}) == 200
        assert await change(layer, {**headers, "Origin": "https://evil.example", "Host": "evil.example"}) == 403


async def test_signing_in_from_another_site_is_403(layer: HttpLayer) -> None:
    answer = await layer.client.post("/open-change", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert (await layer.client.post("/open-change", headers=OWN)).status_code == 200


async def test_a_key_needs_no_token(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    assert await change(layer, {**key, "Sec-Fetch-Site": "cross-site"}) == 200


async def test_reading_needs_no_token(layer: HttpLayer) -> None:
    cookie = await layer.signed_in(await layer.user())
    answer = await layer.client.get("/whoami", headers={**cookie, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200

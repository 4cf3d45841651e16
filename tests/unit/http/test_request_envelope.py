"""What surrounds every request: ids, security headers, the access log, body sizes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Response, get
from litestar.params import FromPath

from app.http.authentication import ANONYMOUS
from app.http.bodies import MAX_BODY_BYTES, MAX_IMPORT_BYTES
from app.http.request_envelope import RequestEnvelope
from app.http.security_headers import PAGE_POLICY
from lib.streaming.clock import SystemClock
from tests.support.asgi_call import AsgiCall
from tests.support.http_layer import HttpLayer, http_layer
from tests.support.in_process_server import serving


@get("/page", opt={ANONYMOUS: True}, media_type="text/html")
async def page() -> str:
    return "<p>hello</p>"


@get("/own-policy", opt={ANONYMOUS: True})
async def own_policy() -> Response[str]:
    headers = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "max-age=60"}
    return Response("x", headers=headers, media_type="text/html")


@get("/items/{item:str}", opt={ANONYMOUS: True})
async def item(item: FromPath[str]) -> str:
    return item


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[HttpLayer]:
    async with http_layer(tmp_path, SystemClock(), routes=(page, own_policy, item)) as layer:
        yield layer


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.__dict__["fields"] for record in caplog.records if record.name == "app.access"]


# Request ids


async def test_every_answer_has_a_request_id_of_its_own(layer: HttpLayer) -> None:
    ids = {(await layer.client.get(path)).headers["x-request-id"] for path in ("/open", "/nothing", "/whoami")}
    assert len(ids) == 3


async def test_a_sane_request_id_is_kept(layer: HttpLayer) -> None:
    answer = await layer.client.get("/open", headers={"X-Request-Id": "trace-42/a"})
    assert answer.headers["x-request-id"] == "trace-42/a"


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"a b", b"caf\xc3\xa9", b"a\tb"])
async def test_any_other_request_id_is_replaced(layer: HttpLayer, given: bytes) -> None:
    answer = await layer.client.get("/open", headers=[(b"x-request-id", given)])
    assert answer.headers["x-request-id"].encode() != given
    assert 0 < len(answer.headers["x-request-id"]) <= 128


async def test_line_breaks_in_a_request_id_reach_neither_header_nor_log(layer: HttpLayer) -> None:
    call = AsgiCall(path="/open", headers=[(b"x-request-id", b"a\r\nSet-Cookie: x=1"), (b"host", b"test")])
    await call.start(layer.app)
    assert "\r" not in call.headers["x-request-id"]
    assert "set-cookie" not in call.headers


# Security headers


async def test_pages_get_the_strict_policy(layer: HttpLayer) -> None:
    headers = (await layer.client.get("/page")).headers
    assert headers["content-security-policy"] == PAGE_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("path", ["/open", "/nothing", "/whoami"])
async def test_data_and_problems_may_load_nothing_and_be_framed_by_nobody(layer: HttpLayer, path: str) -> None:
    headers = (await layer.client.get(path)).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_route_may_set_its_own_policy_and_caching(layer: HttpLayer) -> None:
    headers = (await layer.client.get("/own-policy")).headers
    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["cache-control"] == "max-age=60"


async def test_over_tls_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    async with http_layer(tmp_path, SystemClock(), public_url="https://assistants.example") as layer:
        assert "strict-transport-security" in (await layer.client.get("/open")).headers


# The access log


async def test_a_line_names_the_route_not_the_address(layer: HttpLayer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    user = await layer.user()
    _, key = await layer.key(user)
    await layer.client.get("/items/canary-path?token=canary-query", headers=key)
    (line,) = lines(caplog)
    assert line["route"] == "/items/{item}"
    assert (line["method"], line["status"], line["bytes"]) == ("GET", 200, 11)
    assert (line["principal"], line["via"], line["closed"]) == (user.id, "key", "complete")
    assert line["ms"] >= 0
    assert "canary" not in str(line)
    assert key["Authorization"][-20:] not in str(line)


async def test_unknown_paths_and_refusals_have_a_line_too(layer: HttpLayer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await layer.client.get("/nothing/canary")
    await layer.client.get("/whoami")
    assert [(line["route"], line["status"], line["code"]) for line in lines(caplog)] == [
        ("(no route)", 404, "not_found"),
        ("/whoami", 401, "unauthenticated"),
    ]
    assert "canary" not in str(lines(caplog))


async def test_an_application_that_fails_altogether_is_still_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> None:
        raise LookupError("canary")

    call = AsgiCall()
    await call.start(RequestEnvelope(broken, SystemClock(), lambda: "made-up", https=False))
    assert call.status == 500
    assert call.headers["content-type"] == "application/problem+json"
    assert b"canary" not in call.body
    assert "canary" in caplog.text


async def test_a_response_that_breaks_off_is_logged_as_broken(caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(_scope: object, _receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise LookupError

    caplog.set_level(logging.INFO)
    call = AsgiCall()
    with pytest.raises(LookupError):
        await call.start(RequestEnvelope(breaks, SystemClock(), lambda: "made-up", https=False))
    assert (lines(caplog)[0]["closed"], lines(caplog)[0]["bytes"]) == ("broken", 4)


# Body sizes


@pytest.mark.parametrize(("path", "limit"), [("/wish", MAX_BODY_BYTES), ("/import", MAX_IMPORT_BYTES)])
async def test_a_declared_size_above_the_limit_is_413_before_the_body_comes(
    layer: HttpLayer, path: str, limit: int
) -> None:
    _, key = await layer.key(await layer.user())
    async with serving(layer.app) as server:
        reader, writer = await server.connect()
        head = f"POST {path} HTTP/1.1\r\nHost: t\r\nAuthorization: {key['Authorization']}\r\n"
        writer.write(f"{head}Content-Length: {limit + 1}\r\n\r\n".encode())
        answer = await reader.read()  # until the server closes: it does not wait for the rest
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"payload_too_large" in answer
        writer.close()


async def test_a_chunked_body_is_counted_as_it_comes(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    async with serving(layer.app) as server:
        reader, writer = await server.connect()
        head = f"POST /wish HTTP/1.1\r\nHost: t\r\nAuthorization: {key['Authorization']}\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(MAX_BODY_BYTES // 65536 + 1):
            writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
        answer = await reader.readuntil(b"}")
        assert answer.startswith(b"HTTP/1.1 413")
        writer.close()


async def test_an_import_may_be_larger_than_other_bodies(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    body = b"x" * (MAX_BODY_BYTES + 1)
    assert (await layer.client.post("/import", content=body, headers=key)).status_code == 200
    assert (await layer.client.post("/wish", content=body, headers=key)).status_code == 413


async def test_who_is_not_known_is_401_whatever_the_size(layer: HttpLayer) -> None:
    answer = await layer.client.post("/wish", content=b"x" * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 401

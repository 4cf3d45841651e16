"""A stream behind everything a request passes: envelope, session, CSRF, limits, guards."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Request, post
from litestar.params import JSONBody

from app.http.deliveries import Deliveries
from app.http.event_stream import STREAM_OPT, EventStream, StreamLimits
from app.http.guards import principal_of, requires_scope
from app.http.principal import Scope
from app.http.rate_limits import RATE_LIMIT, STARTS
from lib.streaming.clock import SystemClock
from tests.support.event_sources import HandFedSource
from tests.support.http_layer import HttpLayer, Wish, http_layer
from tests.support.in_process_server import InProcessServer, serving
from tests.support.own_time import own_time
from tests.support.waiting import until


class Stack:
    """`start` is a route as the product has it; `sources` are what its streams read."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.deliveries = Deliveries(self.clock, random.Random(7), StreamLimits(heartbeat=0.05, permit=0.1))
        self.sources: list[HandFedSource] = []
        self.layer: HttpLayer
        self.server: InProcessServer

    def route(self) -> Any:
        @post(
            "/stream",
            status_code=200,
            guards=[requires_scope(Scope.EXECUTIONS_RUN)],
            opt={RATE_LIMIT: STARTS, **STREAM_OPT},
        )
        async def start(request: Request[Any, Any, Any], data: JSONBody[Wish]) -> EventStream:
            source = HandFedSource(self.clock)
            self.sources.append(source)
            permit = self.layer.authentication.permit(principal_of(request))
            headers = {"X-Execution-Id": data.topic}
            return self.deliveries.open(source, self.deliveries.frames(data.topic), headers=headers, permit=permit)

        return start

    async def post(self, headers: dict[str, str], body: bytes = b'{"topic": "t", "wordCount": 1}') -> Any:
        reader, writer = await self.server.connect()
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        writer.write(head.encode() + body)
        return reader, writer, await reader.readuntil(b"\r\n\r\n")


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    stack = Stack()
    async with (
        http_layer(tmp_path, stack.clock, routes=[stack.route()]) as stack.layer,
        serving(stack.layer.app) as stack.server,
    ):
        yield stack
        stack.deliveries.drain()


@pytest.mark.parametrize("by", ["session", "key"])
async def test_leaving_is_noticed_at_once_behind_every_layer(
    stack: Stack, by: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.access")
    user = await stack.layer.user()
    headers = await stack.layer.signed_in(user)
    headers |= await stack.layer.csrf_header(headers)
    if by == "key":
        _, headers = await stack.layer.key(user)
    _, writer, head = await stack.post(headers)
    assert head.startswith(b"HTTP/1.1 200")
    assert b"x-execution-id: t\r\n" in head
    assert b"x-request-id: " in head
    assert b'ratelimit: "starts";r=2;t=60\r\n' in head
    assert b"cache-control: no-store\r\n" in head
    assert head.count(b"cache-control") == 1
    with own_time() as taken:
        writer.close()
        await until(lambda: stack.sources[0].closed == 1, 5)
    assert taken.seconds < 0.1
    await until(lambda: "app.access" in caplog.text, 5)
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.name == "app.access"]
    assert (line["route"], line["status"], line["closed"]) == ("/stream", 200, "client_gone")
    assert (line["principal"], line["via"]) == (user.id, by)


async def test_a_stream_ends_soon_after_its_viewer_signed_out(stack: Stack) -> None:
    user = await stack.layer.user()
    cookie = await stack.layer.signed_in(user)
    reader, writer, _ = await stack.post({**cookie, **await stack.layer.csrf_header(cookie)})
    await reader.readuntil(b": hb\n")
    request: Any = type("Request", (), {"cookies": {"aa_session": cookie["Cookie"].partition("=")[2]}})()
    await stack.layer.sessions.close(request)
    assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"0\r\n\r\n")
    await until(lambda: stack.sources[0].closed == 1, 5)
    writer.close()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"topic": ', b"malformed_json"),
        (b'{"topic": 1, "wordCount": 1}', b"invalid_request"),
        (b"\xff", b"malformed_json"),
    ],
)
async def test_a_body_that_does_not_fit_is_a_problem_before_anything_starts(
    stack: Stack, body: bytes, code: bytes
) -> None:
    _, key = await stack.layer.key(await stack.layer.user())
    reader, writer, head = await stack.post(key, body)
    assert head.startswith(b"HTTP/1.1 400")
    assert b'"code":"' + code in await reader.readuntil(b"}")
    assert stack.sources == []
    writer.close()


async def test_refusals_come_in_the_agreed_order(stack: Stack) -> None:
    async def status(headers: dict[str, str]) -> bytes:
        _, writer, head = await stack.post(headers, b"{")
        writer.close()
        return bytes(head[9:12])

    _, key = await stack.layer.key(await stack.layer.user())
    assert await status({}) == b"401"
    assert [await status(key) for _ in range(4)] == [b"400", b"400", b"400", b"429"]

"""The provider over HTTP: what it sends, what it refuses, and that it never leaves a stream open."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
import traceback
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest

from lib.streaming.clock import Clock, SystemClock
from lib.streaming.ports.models import ModelRequest
from lib.streaming.providers.local import LocalProvider
from lib.streaming.providers.local_server import LocalEndpoint
from lib.streaming.providers.openai import OpenAIProvider
from lib.streaming.types import Message, Role, Usage
from lib.streaming.upstream.stuttering import HoldLimits
from tests.support.fake_clock import FakeClock, settle
from tests.support.fault_exchange import Exchange
from tests.support.fault_modes import CANARY, finish, three
from tests.support.fault_upstream import Answer, FaultUpstream
from tests.support.upstream_faults import FAULTS, HANGS, Heard, bad, good, listen, request

KEY = "sk-own-91ab3c"


@pytest.fixture
async def provider(fault_upstream: FaultUpstream) -> AsyncIterator[OpenAIProvider]:
    provider = make(fault_upstream.base_url)
    yield provider
    await provider.close()


def make(base_url: str, *, clock: Clock | None = None, stuttering: HoldLimits | None = None) -> OpenAIProvider:
    return OpenAIProvider(clock=clock or SystemClock(), api_key=KEY, base_url=base_url, stuttering=stuttering)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on which connections are never accepted, with no room in its queue."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


# --- What is sent ---


async def test_a_call_is_a_streamed_chat_completion_that_asks_for_usage(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    messages = (Message(Role.SYSTEM, "be brief"), Message(Role.USER, "hé\u2028 😀"))
    asked = ModelRequest("m-1", messages, connect_timeout=5.0, max_output_tokens=7, temperature=0.5)
    heard = await listen(provider, asked)
    assert heard.outcome() == good()
    assert heard.usage == Usage(3, 3, 6)
    sent = fault_upstream.requests[0]
    assert sent.path == "/v1/chat/completions"
    assert sent.body == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hé\u2028 😀"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_completion_tokens": 7,
    }
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers["content-type"] == "application/json"


async def test_what_is_not_asked_for_is_not_sent(provider: OpenAIProvider, fault_upstream: FaultUpstream) -> None:
    await listen(provider, request("m"))
    assert set(fault_upstream.requests[0].body) == {"model", "messages", "stream", "stream_options"}


class RestartedServer:
    """A model server with another key each time it is asked for."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.starts = 0
        self.stopped = False

    async def start(self) -> LocalEndpoint:
        self.starts += 1
        return LocalEndpoint(self.base_url, f"key-{self.starts}")

    async def stop(self) -> None:
        self.stopped = True


async def test_the_local_model_is_told_its_limit_by_the_older_name(fault_upstream: FaultUpstream) -> None:
    server = RestartedServer(fault_upstream.base_url)
    provider = LocalProvider(server, SystemClock())
    await listen(provider, request("smollm2", max_output_tokens=5))
    assert fault_upstream.requests[0].body["max_tokens"] == 5
    assert provider.name == "local"
    await provider.close()
    assert server.stopped


async def test_a_local_model_that_was_started_again_is_called_at_its_new_address(fault_upstream: FaultUpstream) -> None:
    provider = LocalProvider(RestartedServer(fault_upstream.base_url), SystemClock())
    for _ in range(2):
        await listen(provider, request("smollm2"))
    keys = [heard.headers["authorization"] for heard in fault_upstream.requests]
    assert keys == ["Bearer key-1", "Bearer key-2"]
    await provider.close()


async def test_settings_of_openai_stay_with_openai(
    fault_upstream: FaultUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, f"http://{CANARY}.example/")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    provider = make(fault_upstream.base_url)
    assert (await listen(provider, request("m"))).outcome() == good()
    await provider.close()
    sent = fault_upstream.requests[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert CANARY not in json.dumps(sent.headers)


async def test_a_prompt_of_ten_megabytes_arrives_whole(provider: OpenAIProvider, fault_upstream: FaultUpstream) -> None:
    prompt = "0123456789" * 1_000_000
    assert (await listen(provider, request("m", prompt))).outcome() == good()
    assert fault_upstream.requests[0].body["messages"][0]["content"] == prompt


async def test_a_lone_surrogate_in_a_prompt_does_not_stop_the_call(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    assert (await listen(provider, request("m", "a\ud83db"))).outcome() == good()
    assert fault_upstream.requests[0].body["messages"][0]["content"] == "a\ud83db"


# --- What comes back ---


async def test_reasoning_and_usage_come_apart_from_the_text(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    fault_upstream.script("thinker", Answer(("yes",), reasoning=("hm", "…"), usage=(11, 22)))
    heard = await listen(provider, request("thinker"))
    assert (heard.reasoning, heard.text, heard.usage) == ("hm…", "yes", Usage(11, 22, 33))


async def test_a_stuttering_start_is_folded_only_where_the_upstream_is_known_to_stutter(
    fault_upstream: FaultUpstream,
) -> None:
    fault_upstream.script("stutters", Answer(("The", "The cat", "The cat sat", " on", " the mat.")))
    for hold, text in ((HoldLimits(), "The cat sat on the mat."), (None, "TheThe catThe cat sat on the mat.")):
        provider = make(fault_upstream.base_url, stuttering=hold)
        assert (await listen(provider, request("stutters"))).text == text
        await provider.close()


async def test_a_held_start_is_let_go_when_the_upstream_falls_silent(fault_upstream: FaultUpstream) -> None:
    clock, heard = FakeClock(), Heard()
    provider = make(fault_upstream.base_url, clock=clock, stuttering=HoldLimits(seconds=2.0))

    async def stop_at_second(_: str, index: int) -> None:
        if index == 1:
            await asyncio.Event().wait()

    fault_upstream.on_event = stop_at_second
    task = asyncio.create_task(listen(provider, request("m"), heard))
    async with asyncio.timeout(5):
        while not heard.text:
            await clock.advance(0.25)
    assert heard.text == "one "
    assert clock.monotonic() >= 2.0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await provider.close()


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        ("chunked-cut", bad("upstream_disconnected", "one two three")),
        ("cut-mid-character", bad("upstream_incomplete", "one two three")),
        ("cut-after-finish", good()),
        ("hangup", bad("upstream_unreachable")),
        ("no-http", bad("upstream_protocol", final=True)),
        ("404", bad("upstream_model_not_found", final=True)),
    ],
)
async def test_each_way_a_connection_can_fail_has_its_outcome(
    provider: OpenAIProvider, mode: str, outcome: object
) -> None:
    assert (await listen(provider, request(f"fault-{mode}"))).outcome() == outcome


async def test_an_answer_whose_connection_stays_open_after_its_finish_is_whole(
    fault_upstream: FaultUpstream,
) -> None:
    clock, heard = FakeClock(), Heard()
    provider = make(fault_upstream.base_url, clock=clock)
    task = asyncio.create_task(listen(provider, request("fault-silence-after-finish"), heard))
    await heard.until("one two three")
    while not task.done():
        await clock.advance(1)
    assert (await task).outcome() == good()
    await fault_upstream.closed()
    await provider.close()


async def test_nobody_listening_is_unreachable_and_worth_another_try() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        provider = make(f"http://127.0.0.1:{unused.getsockname()[1]}/v1")
        assert (await listen(provider, request("m"))).outcome() == FAULTS["unreachable"]
    await provider.close()


async def test_a_name_that_does_not_exist_is_not_worth_another_try() -> None:
    provider = make("https://nothing.invalid/v1")
    heard = await listen(provider, request("m"))
    assert (heard.failure and heard.failure.code) == "upstream_unreachable"
    await provider.close()


async def test_no_connection_within_the_connect_timeout_is_a_timeout(silent_port: int) -> None:
    provider = make(f"http://127.0.0.1:{silent_port}/v1")
    asked = ModelRequest("m", (Message(Role.USER, "hi"),), connect_timeout=0.2)
    async with asyncio.timeout(2):
        assert (await listen(provider, asked)).outcome() == bad("connect_timeout")
    await provider.close()


async def test_the_connect_timeout_is_over_once_connected(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    fault_upstream.script("late", Answer(first_delay=0.3))
    await provider.warm_up()
    asked = ModelRequest("late", (Message(Role.USER, "hi"),), connect_timeout=0.1)
    assert (await listen(provider, asked)).outcome() == good()


async def test_a_redirect_is_not_followed(provider: OpenAIProvider, fault_upstream: FaultUpstream) -> None:
    async with FaultUpstream() as elsewhere:
        fault_upstream.redirect_to = f"{elsewhere.base_url}/chat/completions"
        for status in (301, 302, 307, 308):
            assert (await listen(provider, request(f"fault-{status}"))).outcome() == FAULTS["307"]
        assert elsewhere.connections == 0
    assert len(fault_upstream.requests) == 4


async def test_a_fault_that_passes_is_told_once_for_each_call(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    heard = [await listen(provider, request("fault-500-times-2")) for _ in range(3)]
    assert [one.outcome() for one in heard] == [FAULTS["500"], FAULTS["500"], good()]
    assert fault_upstream.hits["fault-500-times-2"] == 3


@pytest.mark.parametrize("mode", ["error-object", "error-event", "quota", "401", "429", "500", "hangup", "no-http"])
async def test_no_failure_carries_a_key_or_what_the_upstream_said(provider: OpenAIProvider, mode: str) -> None:
    heard = await listen(provider, request(f"fault-{mode}", "prompt-text-5521"))
    failure = heard.failure
    assert failure is not None
    told = "".join(traceback.format_exception(failure)) + repr(vars(failure))
    assert failure.__context__ is None
    for secret in (CANARY, KEY, "prompt-text-5521", "127.0.0.1"):
        assert secret not in told


# --- Bounds ---


@pytest.mark.parametrize("name", ["endless-line", "gzip"])
async def test_a_bomb_costs_little_memory(provider: OpenAIProvider, name: str) -> None:
    await listen(provider, request("m"))
    tracemalloc.start()
    try:
        assert (await listen(provider, request(f"fault-{name}"))).outcome() == FAULTS[name]
        assert tracemalloc.get_traced_memory()[1] < 20 * 1024 * 1024
    finally:
        tracemalloc.stop()


# --- Closing ---


@pytest.mark.parametrize("name", [*HANGS, "too-large", "endless-line"])
async def test_a_cancelled_call_is_closed_upstream_within_a_second(
    provider: OpenAIProvider, fault_upstream: FaultUpstream, name: str
) -> None:
    heard = Heard()
    task = asyncio.create_task(listen(provider, request(f"fault-{name}"), heard))
    async with asyncio.timeout(5):
        await fault_upstream.entered.wait()
    await heard.until(HANGS.get(name, heard.text))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await fault_upstream.closed() < 1.0


async def test_leaving_the_context_has_closed_the_connection(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    async with provider.open(request("fault-silence-after-tokens")) as deltas:
        await anext(deltas)
        ours = connected_sockets(fault_upstream.port)
        assert len(ours) == 1
    assert connected_sockets(fault_upstream.port) == []
    assert await fault_upstream.closed() < 1.0


async def test_two_hundred_cancels_at_random_points_leave_nothing_open(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    dice = random.Random(45)
    fault_upstream.script("m", Answer(tuple("abcdefgh"), delay=0.0005))
    await provider.warm_up()
    for _ in range(200):
        task = asyncio.create_task(listen(provider, request("m")))
        await asyncio.sleep(dice.random() * 0.008)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await fault_upstream.closed() < 1.0
    assert (await listen(provider, request("m"))).outcome() == good("abcdefgh")


async def test_answers_one_after_the_other_share_a_connection(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    for mode in ("m", "fault-no-done", "fault-late-end", "fault-after-done", "fault-length"):
        assert (await listen(provider, request(mode))).failure is None
    assert {one.connection for one in fault_upstream.requests} == {1}


async def test_a_connection_whose_answer_was_not_read_to_its_end_is_not_used_again(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    await listen(provider, request("fault-endless-line"))
    async with provider.open(request("fault-silence-after-tokens")) as deltas:
        await anext(deltas)
    assert (await listen(provider, request("m"))).outcome() == good()
    assert [one.connection for one in fault_upstream.requests] == [1, 2, 3]


async def test_closing_the_provider_breaks_off_what_is_under_way_and_may_be_repeated(
    provider: OpenAIProvider, fault_upstream: FaultUpstream
) -> None:
    heard = Heard()
    answering = asyncio.create_task(listen(provider, request("fault-silence-after-tokens"), heard))
    await heard.until("one two three")
    waiting = asyncio.create_task(listen(provider, request("fault-silence-before-headers")))
    async with asyncio.timeout(5):
        while fault_upstream.open_streams < 2:
            await settle()
    await asyncio.gather(provider.close(), provider.close())
    async with asyncio.timeout(1):
        assert (await answering).outcome() == bad("upstream_disconnected", "one two three")
        assert (await waiting).outcome() == bad("provider_unavailable", final=True)
    assert await fault_upstream.closed() < 1.0


async def test_a_kept_connection_that_hangs_up_when_used_again_is_replaced_by_a_new_one() -> None:
    served: list[int] = []

    async def one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
        out = Exchange(writer, 0)
        await three(out)
        await finish(out)
        served.append(len(await reader.read(1)))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(one_answer, "127.0.0.1", 0) as server:
        provider = make(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        for _ in range(3):
            assert (await listen(provider, request("m"))).outcome() == good()
        assert served == [1, 1]
        await provider.close()


# --- Set-up ---


@pytest.mark.parametrize(
    ("base_url", "problems"),
    [
        ("http://models.example/v1", ["https"]),
        ("http://user:secret@models.example/v1?x=1", ["https", "password", "'?'"]),
        ("ftp://models.example", ["https"]),
        ("", ["https"]),
        ("http://[::1/v1", ["no URL"]),
        ("http://127.0.0.1.evil.example/v1", ["https"]),
    ],
)
def test_a_base_url_that_is_not_acceptable_is_refused_with_every_problem(base_url: str, problems: list[str]) -> None:
    with pytest.raises(ValueError, match="provider 'openai'") as refused:
        make(base_url)
    for problem in problems:
        assert problem in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "base_url", ["https://models.example/v1/", "http://localhost:8080", "http://127.0.0.2:1/v1", "http://[::1]:1/v1"]
)
def test_https_and_this_machine_are_acceptable(base_url: str) -> None:
    assert make(base_url).name == "openai"


def test_the_sdk_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, lib.streaming.providers.openai; sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def connected_sockets(port: int) -> list[int]:
    here = psutil.Process().net_connections("tcp")
    return [one.fd for one in here if getattr(one.raddr, "port", None) == port and one.status == "ESTABLISHED"]

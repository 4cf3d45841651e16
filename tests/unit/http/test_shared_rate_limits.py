"""Limits counted by a real Valkey: exact over processes, and decided in time whatever happens to it."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from valkey.asyncio import Valkey

from app.http.problems import ApiError
from app.http.rate_limits import SIGN_IN, STARTS, RateLimits
from app.http.rate_memory import MovingWindowMemory
from app.http.rate_shared import DEADLINE_SECONDS, RETRY_SECONDS, SharedWindows
from app.http.rate_storage import open_limiter
from app.http.rate_valkey import BATCH
from app.http.rate_windows import Counter, Verdict, Windows
from lib.streaming.clock import SystemClock
from tests.support.fake_clock import FakeClock
from tests.support.loop_lag import loop_lag
from tests.support.service import echo, running_service
from tests.support.tcp_relay import relaying
from tests.support.valkey_plugin import start_valkey

#: A decision may take this long.
DECISION_SECONDS = 0.35


@asynccontextmanager
async def worker(port: int, rates: str = "10/minute", outage: str = "local") -> AsyncIterator[RateLimits]:
    """The limits of one process."""
    limits = RateLimits(
        open_limiter(f"valkey://127.0.0.1:{port}", outage, SystemClock()), {STARTS: rates, SIGN_IN: rates}
    )
    try:
        yield limits
    finally:
        await limits.close()


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def somebody() -> str:
    """A principal no other test knows."""
    return secrets.token_hex(8)


async def outcome(limits: RateLimits, who: str, policy: str = STARTS) -> str:
    try:
        await limits.spend(policy, who)
    except ApiError as error:
        return error.code
    return "admitted"


async def timed_outcome(limits: RateLimits, who: str) -> str:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with loop_lag() as lag:
        told = await outcome(limits, who)
    assert loop.time() - began <= DECISION_SECONDS + lag.worst
    return told


async def answering_again(limits: RateLimits) -> None:
    """Return once the storage has decided something again; on a busy machine the first tries may come too late."""
    async with asyncio.timeout(20):
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            before = limits.outages
            await outcome(limits, somebody())
            if limits.outages == before:
                return


@pytest.mark.parametrize(
    ("rates", "admitted"), [("10/minute", 10), ("20/minute;15/hour", 15), ("15/minute;20/hour", 15)]
)
async def test_two_workers_admit_exactly_the_limit_of_many_at_once(valkey_port: int, rates: str, admitted: int) -> None:
    who = somebody()
    async with worker(valkey_port, rates) as one, worker(valkey_port, rates) as two:
        told = await asyncio.gather(*(outcome(limits, who) for _ in range(20) for limits in (one, two)))
    assert {code: told.count(code) for code in set(told)} == {"admitted": admitted, "rate_limited": 40 - admitted}
    assert one.outages == two.outages == 0


async def test_a_refusal_uses_nothing_up_in_any_worker(valkey_port: int) -> None:
    ann, bob = somebody(), somebody()
    async with worker(valkey_port, "2/minute") as one, worker(valkey_port, "2/minute") as two:
        assert [await outcome(one, bob) for _ in range(3)] == ["admitted", "admitted", "rate_limited"]
        for limits in (one, two, one):
            with pytest.raises(ApiError, match="rate_limited"):
                await limits.spend(STARTS, ann, bob)
        assert [await outcome(two, ann) for _ in range(3)] == ["admitted", "admitted", "rate_limited"]


async def test_a_window_moves_with_its_requests(valkey_port: int) -> None:
    who = somebody()
    async with worker(valkey_port, "2/second") as limits:
        assert [await outcome(limits, who) for _ in range(3)] == ["admitted", "admitted", "rate_limited"]
        with pytest.raises(ApiError) as refused:
            await limits.spend(STARTS, who)
        assert refused.value.headers["Retry-After"] == "1"
        await asyncio.sleep(1)
        assert await outcome(limits, who) == "admitted"


async def test_the_headers_tell_the_state_that_all_workers_share(valkey_port: int) -> None:
    who = somebody()
    async with worker(valkey_port, "3/minute") as one, worker(valkey_port, "3/minute") as two:
        told = [dict(await limits.spend(STARTS, who))[b"ratelimit"] for limits in (one, two, one)]
        with pytest.raises(ApiError, match="rate_limited") as refused:
            await two.spend(STARTS, who)
    assert told == [b'"starts";r=2;t=60', b'"starts";r=1;t=60', b'"starts";r=0;t=60']
    assert 59 <= int(refused.value.headers["Retry-After"]) <= 60


async def test_budgets_of_different_policies_share_no_name_in_the_storage(valkey_port: int) -> None:
    who = somebody()
    async with worker(valkey_port, "1/minute") as limits, Valkey(port=valkey_port) as valkey:
        assert await outcome(limits, who) == "admitted"
        assert await outcome(limits, who, SIGN_IN) == "admitted"
        assert await outcome(limits, who) == await outcome(limits, who, SIGN_IN) == "rate_limited"
        names = sorted([name async for name in valkey.scan_iter(f"*{who}*")])
        lives = [await valkey.ttl(name) for name in names]
    assert names == [f"assistant-architect:LIMITER/{policy}/{who}/1/1/minute".encode() for policy in (SIGN_IN, STARTS)]
    assert all(0 < seconds <= 60 for seconds in lives)


async def test_a_process_needs_one_connection_however_many_ask_at_once(valkey_port: int) -> None:
    async with relaying(valkey_port) as relay, worker(relay.port, "1000/minute") as limits:
        told = await asyncio.gather(*(outcome(limits, somebody()) for _ in range(3 * BATCH)))
        assert set(told) == {"admitted"}
        assert relay.connections == 1


async def test_a_refused_connection_leaves_each_process_its_own_count() -> None:
    who = somebody()
    async with worker(unused_port(), "2/minute") as limits:
        told = [await timed_outcome(limits, who) for _ in range(3)]
        assert told == ["admitted", "admitted", "rate_limited"]
        assert limits.outages == 3


async def test_a_refused_connection_closes_when_the_setting_says_so() -> None:
    async with worker(unused_port(), outage="closed") as limits:
        assert [await timed_outcome(limits, somebody()) for _ in range(3)] == ["rate_limits_unavailable"] * 3
        assert limits.outages == 3


@pytest.mark.parametrize(("outage", "code"), [("local", "admitted"), ("closed", "rate_limits_unavailable")])
async def test_a_black_hole_holds_nobody_up(outage: str, code: str) -> None:
    with black_hole() as port:
        async with worker(port, "1000/minute", outage) as limits:
            told = await asyncio.gather(*(timed_outcome(limits, somebody()) for _ in range(200)))
            assert set(told) == {code}
            assert limits.outages == 200


async def test_in_an_outage_only_one_request_a_second_asks_the_storage() -> None:
    with black_hole() as port:
        async with worker(port) as limits:
            await timed_outcome(limits, somebody())
            loop = asyncio.get_running_loop()
            began = loop.time()
            with loop_lag() as lag:
                await asyncio.gather(*(outcome(limits, somebody()) for _ in range(100)))
            assert loop.time() - began < DEADLINE_SECONDS / 2 + lag.worst


@pytest.mark.parametrize(("outage", "code"), [("local", "admitted"), ("closed", "rate_limits_unavailable")])
async def test_a_slow_storage_is_an_outage_and_a_quick_one_is_none(valkey_port: int, outage: str, code: str) -> None:
    async with relaying(valkey_port) as relay, worker(relay.port, outage=outage) as limits:
        assert await timed_outcome(limits, somebody()) == "admitted"
        assert limits.outages == 0
        relay.delay = 0.5
        assert await timed_outcome(limits, somebody()) == code
        assert limits.outages == 1


async def test_a_server_killed_and_started_again_counts_again_by_itself() -> None:
    who = somebody()
    server = start_valkey()
    port = server.port
    try:
        async with worker(port, "2/minute") as limits:
            assert await outcome(limits, who) == "admitted"
            server.terminate()
            assert await timed_outcome(limits, who) == "admitted"
            assert await timed_outcome(limits, who) == "rate_limited"
            assert limits.outages == 2
            server = start_valkey(port)
            await answering_again(limits)
            in_outage = limits.outages
            # It came back empty, and so do its budgets.
            assert [await outcome(limits, who) for _ in range(3)] == ["admitted", "admitted", "rate_limited"]
            assert limits.outages == in_outage
    finally:
        server.terminate()


async def test_after_silences_in_mid_request_everybody_is_served_again(valkey_port: int) -> None:
    async with relaying(valkey_port) as relay, worker(relay.port, "1000/minute") as limits:
        for _ in range(2):
            relay.deaf = True
            await asyncio.gather(*(outcome(limits, somebody()) for _ in range(64)))
            relay.deaf = False
            await answering_again(limits)
            before = limits.outages
            assert [await outcome(limits, somebody()) for _ in range(20)] == ["admitted"] * 20
            assert limits.outages == before


class Switch(Windows):
    """A storage that answers or not."""

    broken = False

    async def spend(self, policy: str, counters: Sequence[Counter]) -> Verdict:
        if self.broken:
            raise ConnectionResetError
        return await super().spend(policy, counters)


def memory(clock: FakeClock) -> MovingWindowMemory:
    return MovingWindowMemory(clock)


async def test_an_outage_hands_out_no_new_budget() -> None:
    clock = FakeClock()
    storage = Switch(memory(clock), clock)
    limits = RateLimits(SharedWindows(storage, Windows(memory(clock), clock), clock), {STARTS: "3/minute"})
    assert [await outcome(limits, "ann") for _ in range(2)] == ["admitted", "admitted"]
    storage.broken = True
    assert [await outcome(limits, "ann") for _ in range(2)] == ["admitted", "rate_limited"]


async def test_an_outage_ends_with_the_first_answer_after_a_second() -> None:
    clock = FakeClock()
    storage = Switch(memory(clock), clock)
    limits = RateLimits(SharedWindows(storage, Windows(memory(clock), clock), clock), {STARTS: "9/minute"})
    storage.broken = True
    await outcome(limits, "ann")
    storage.broken = False
    await outcome(limits, "ann")
    assert limits.outages == 2
    await clock.advance(RETRY_SECONDS)
    await outcome(limits, "ann")
    await outcome(limits, "ann")
    assert limits.outages == 2


async def test_behind_a_trusted_proxy_invented_addresses_bring_no_extra_sign_ins(
    valkey_port: int, tmp_path: Path
) -> None:
    async with running_service(
        tmp_path,
        limits_url=f"valkey://127.0.0.1:{valkey_port}/1",
        rate_limit_sign_in="3/minute",
        trusted_proxies="127.0.0.1",
    ) as service:

        async def sign_in(claimed: str, seen: str) -> str:
            # What a proxy makes of it: what the client claims, then whom the proxy saw.
            forwarded = {"X-Forwarded-For": f"{claimed}, {seen}", "Forwarded": f"for={claimed}", "X-Real-IP": claimed}
            body = {"email": f"{somebody()}@example.org", "password": "wrong"}
            answer = await service.client.post("/api/session", json=body, headers=forwarded)
            return str(answer.json()["code"])

        codes = [await sign_in(f"198.51.100.{index}", "203.0.113.7") for index in range(4)]
        assert codes == ["invalid_credentials"] * 3 + ["rate_limited"]
        assert await sign_in("203.0.113.7", "203.0.113.8") == "invalid_credentials"


@pytest.mark.parametrize("outage", ["local", "closed"])
async def test_with_a_dead_storage_routes_answer_as_the_setting_says_and_never_500(outage: str, tmp_path: Path) -> None:
    url = f"valkey://127.0.0.1:{unused_port()}"
    async with running_service(
        tmp_path, limits_url=url, limits_outage=outage, rate_limit_starts="2/minute", rate_limit_sign_in="1/minute"
    ) as service:
        person = await service.person()
        assistant = await service.assistant(person, echo())
        body = {"assistantId": assistant.id, "inputs": {"topic": "rain"}}
        sign_in = {"email": "nobody@example.org", "password": "wrong"}
        starts = [await service.client.post("/api/executions", json=body, headers=person.headers) for _ in range(3)]
        sign_ins = [await service.client.post("/api/session", json=sign_in) for _ in range(2)]
        reads = await service.client.get("/api/executions", headers=person.headers)
    statuses = [answer.status_code for answer in (*starts, *sign_ins)]
    assert statuses == ([202, 202, 429, 401, 429] if outage == "local" else [503] * 5)
    assert starts[-1].headers["retry-after"]
    assert reads.status_code == 200

"""Request limits: how many, whose, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.http.problems import ApiError
from app.http.rate_limits import STARTS, RateLimits
from app.http.rate_memory import MovingWindowMemory
from app.http.rate_windows import Windows
from tests.support.fake_clock import FakeClock
from tests.support.http_layer import HttpLayer, http_layer


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[HttpLayer]:
    async with http_layer(tmp_path, FakeClock()) as layer:
        yield layer


def limits(clock: FakeClock, rates: str = "3/minute", **policies: str) -> RateLimits:
    return RateLimits(Windows(MovingWindowMemory(clock), clock), {STARTS: rates, **policies})


async def admitted(limiter: RateLimits, *identities: str, policy: str = STARTS) -> bool:
    try:
        await limiter.spend(policy, *identities)
    except ApiError as error:
        return error.code != "rate_limited"
    return True


async def test_exactly_the_limit_is_admitted_of_many_at_once() -> None:
    limiter = limits(FakeClock())
    answers = await asyncio.gather(*(admitted(limiter, "ann") for _ in range(20)))
    assert sum(answers) == 3


async def test_each_principal_has_its_own_limit() -> None:
    limiter = limits(FakeClock())
    assert [await admitted(limiter, "ann") for _ in range(4)] == [True, True, True, False]
    assert await admitted(limiter, "bob")


async def test_each_limiter_counts_on_its_own() -> None:
    limiter = limits(FakeClock(), other="3/minute")
    assert [await admitted(limiter, "ann") for _ in range(4)][-1] is False
    assert await admitted(limiter, "ann", policy="other")


async def test_a_refusal_uses_nothing_up() -> None:
    limiter = limits(FakeClock(), "2/minute")
    assert await admitted(limiter, "bob")
    assert await admitted(limiter, "bob")
    for _ in range(5):
        assert not await admitted(limiter, "ann", "bob")
    assert await admitted(limiter, "ann")
    assert await admitted(limiter, "ann")


async def test_every_rate_of_a_policy_holds() -> None:
    clock = FakeClock()
    limiter = limits(clock, "2/minute;3/hour")
    assert [await admitted(limiter, "ann") for _ in range(3)] == [True, True, False]
    await clock.advance(61)
    assert [await admitted(limiter, "ann") for _ in range(2)] == [True, False]
    await clock.advance(61)
    assert not await admitted(limiter, "ann")


async def test_no_boundary_lets_twice_the_limit_through() -> None:
    clock = FakeClock()
    limiter = limits(clock)
    await clock.advance(59)
    assert [await admitted(limiter, "ann") for _ in range(3)] == [True] * 3
    await clock.advance(2)
    assert not await admitted(limiter, "ann")


@pytest.mark.parametrize("rates", ["3/minute", "3/minute;5/hour", "1/second"])
async def test_retry_after_is_true(rates: str) -> None:
    clock = FakeClock()
    limiter = limits(clock, rates)
    refused = 0
    for _ in range(12):
        try:
            await limiter.spend(STARTS, "ann")
        except ApiError as error:
            refused += 1
            seconds = int(error.headers["Retry-After"])
            assert seconds >= 1
            await clock.advance(seconds)
            assert await admitted(limiter, "ann")
        await clock.advance(0.3)
    assert refused > 1


async def test_answers_carry_the_state_of_the_limit_also_when_refused(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    answers = [await layer.client.post("/start", headers=key) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"starts";q=3;w=60'
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"starts";r=2;t=60', '"starts";r=1;t=60', '"starts";r=0;t=60', '"starts";r=0;t=60',
    ]  # fmt: skip
    assert answers[3].headers["retry-after"] == "60"
    assert answers[3].json()["code"] == "rate_limited"


async def test_several_rates_are_told_apart_in_the_headers() -> None:
    headers = dict(await limits(FakeClock(), "3/minute;10/hour").spend(STARTS, "ann"))
    assert headers[b"ratelimit-policy"] == b'"starts";q=3;w=60, "starts-2";q=10;w=3600'
    assert headers[b"ratelimit"] == b'"starts";r=2;t=60, "starts-2";r=9;t=3600'


async def test_nobody_is_limited_before_being_known(layer: HttpLayer) -> None:
    for _ in range(5):
        assert (await layer.client.post("/start")).status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP"])
async def test_invented_addresses_bring_no_extra_budget(layer: HttpLayer, header: str) -> None:
    _, key = await layer.key(await layer.user())
    answers = [
        await layer.client.post("/start", headers={**key, header: f"for=198.51.100.{index}"}) for index in range(4)
    ]
    assert answers[-1].status_code == 429


async def test_sign_ins_are_limited_by_account_and_by_address() -> None:
    limiter = limits(FakeClock(), **{"sign-in": "3/minute"})
    for index in range(3):
        await limiter.sign_in("Ann@example.org", f"198.51.100.{index}")
    with pytest.raises(ApiError, match="rate_limited"):
        await limiter.sign_in("ann@EXAMPLE.org", "198.51.100.9")
    for index in range(3):
        await limiter.sign_in(f"user{index}@example.org", "203.0.113.7")
    with pytest.raises(ApiError, match="rate_limited"):
        await limiter.sign_in("somebody@example.org", "203.0.113.7")


async def test_the_addresses_of_one_ipv6_network_count_as_one() -> None:
    limiter = limits(FakeClock(), **{"sign-in": "3/minute"})
    for index in range(3):
        await limiter.sign_in(f"user{index}@example.org", f"2001:db8::{index}")
    with pytest.raises(ApiError, match="rate_limited"):
        await limiter.sign_in("somebody@example.org", "2001:db8::ffff")


async def test_memory_forgets_whoever_has_stopped_asking() -> None:
    clock = FakeClock()
    memory = MovingWindowMemory(clock)
    limiter = RateLimits(Windows(memory, clock), {STARTS: "3/minute;9/hour"})
    for index in range(100):
        await limiter.spend(STARTS, str(index))
    assert len(memory) == 200
    await clock.advance(61)
    await limiter.spend(STARTS, "x")
    assert len(memory) == 102
    await clock.advance(3600)
    await limiter.spend(STARTS, "x")
    assert len(memory) == 2

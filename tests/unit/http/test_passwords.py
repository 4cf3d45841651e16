"""Passwords: what fits, what does not, and how much of it at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher

from app.http.passwords import MOST_WAITING, Passwords
from app.http.problems import ApiError


@pytest.fixture
async def quick() -> AsyncIterator[Passwords]:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield passwords
    await passwords.close()


async def test_a_password_fits_its_own_hash_only(quick: Passwords) -> None:
    encoded = await quick.hash("correct horse")
    assert encoded.startswith("$argon2id$")
    assert await quick.verify("correct horse", encoded)
    assert not await quick.verify("correct horsf", encoded)


async def test_no_password_fits_nobody(quick: Passwords) -> None:
    assert not await quick.verify("nobody has this password", None)


async def test_a_broken_hash_fits_nothing(quick: Passwords) -> None:
    assert not await quick.verify("x", "not a hash")


async def test_a_very_long_password_is_refused_and_fits_nothing(quick: Passwords) -> None:
    encoded = await quick.hash("a" * 1024)
    assert not await quick.verify("a" * 1025, encoded)
    with pytest.raises(ApiError, match="too long"):
        await quick.hash("a" * 1025)


async def test_more_sign_ins_than_the_pool_can_take_are_refused(quick: Passwords) -> None:
    answers = await asyncio.gather(*(quick.hash("x") for _ in range(MOST_WAITING + 1)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, ApiError)]
    assert [error.code for error in refused] == ["overloaded"]
    assert isinstance(await quick.hash("x"), str)


async def test_unknown_users_take_as_long_as_known_ones_and_the_loop_stays_free() -> None:
    passwords = Passwords()
    encoded = await passwords.hash("secret")

    async def timed(stored: str | None) -> float:
        began = time.perf_counter()
        await passwords.verify("wrong", stored)
        return time.perf_counter() - began

    known = min([await timed(encoded) for _ in range(3)])
    unknown = min([await timed(None) for _ in range(3)])
    assert 0.5 < unknown / known < 2
    assert known > 0.01
    await passwords.close()

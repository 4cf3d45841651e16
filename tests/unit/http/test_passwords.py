"""Passwords: what fits, what does not, and how much of it at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, Type, extract_parameters

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


class Watched(PasswordHasher):
    """Notes what it is given to check, and where."""

    def __init__(self) -> None:
        super().__init__(time_cost=3, memory_cost=16, parallelism=1)
        self.checked: list[Parameters] = []
        self.threads: set[int] = set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.checked.append(extract_parameters(str(hash)))
        self.threads.add(threading.get_ident())
        return super().verify(hash, password)


async def test_unknown_users_cost_what_known_ones_do_and_the_loop_stays_free() -> None:
    hasher = Watched()
    passwords = Passwords(hasher)
    known = await passwords.hash("secret")
    assert not await passwords.verify("wrong", known)
    assert not await passwords.verify("wrong", None)
    assert hasher.checked == [extract_parameters(known)] * 2
    assert threading.get_ident() not in hasher.threads
    await passwords.close()


async def test_what_is_used_without_a_word_is_no_cheap_hash() -> None:
    passwords = Passwords()
    made = extract_parameters(await passwords.hash("secret"))
    assert (made.type, made.memory_cost, made.time_cost) == (Type.ID, 65536, 2)
    await passwords.close()

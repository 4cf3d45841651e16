from __future__ import annotations

import asyncio

import pytest

from lib.streaming.execution_manager.slots import Slots
from tests.support.fake_clock import settle


async def test_a_slot_is_free_again_once_it_is_given_back() -> None:
    slots = Slots(1)
    assert slots.take_now()
    assert not slots.take_now()
    slots.give_back()
    assert slots.take_now()


async def test_who_waits_longest_comes_first_and_nobody_passes() -> None:
    slots = Slots(1)
    await slots.take()
    first, second = (asyncio.ensure_future(slots.take()) for _ in range(2))
    await settle()
    slots.give_back()
    assert not slots.take_now()
    await settle()
    assert (first.done(), second.done()) == (True, False)
    slots.give_back()
    await second
    slots.give_back()
    assert slots.take_now()


@pytest.mark.parametrize("given_before", [False, True])
async def test_who_gives_up_waiting_keeps_no_slot(given_before: bool) -> None:
    slots = Slots(1)
    await slots.take()
    waiting = asyncio.ensure_future(slots.take())
    await settle()
    if given_before:
        slots.give_back()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if not given_before:
        slots.give_back()
    assert slots.take_now()
    assert not slots.take_now()

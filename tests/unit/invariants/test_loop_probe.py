"""A loop that keeps others waiting is noticed; a machine that is busy elsewhere is not its fault."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.support.invariants.loop_probe import TICK_SECONDS, LoopProbe

LONG = 0.15


@pytest.fixture
async def probe() -> AsyncIterator[LoopProbe]:
    probe = LoopProbe()
    probe.begin(asyncio.get_running_loop())
    await asyncio.sleep(3 * TICK_SECONDS)
    probe.read()
    yield probe
    probe.end()


def compute() -> None:
    until = time.thread_time() + LONG
    while time.thread_time() < until:
        pass


@pytest.mark.parametrize("hog", [lambda: time.sleep(LONG), compute], ids=["waits", "computes"])
async def test_whatever_holds_the_loop_is_lag(probe: LoopProbe, hog: Callable[[], None]) -> None:
    hog()
    await asyncio.sleep(2 * TICK_SECONDS)
    assert probe.read().lag > 0.1
    await asyncio.sleep(2 * TICK_SECONDS)
    assert probe.read().lag < 0.1, "a reading begins anew"


async def test_what_happens_once_is_told_from_what_happens_again(probe: LoopProbe) -> None:
    compute()
    await asyncio.sleep(2 * TICK_SECONDS)
    once = probe.read()
    assert once.lag > 0.1 > once.usual_lag
    for _ in range(4):
        compute()
        await asyncio.sleep(2 * TICK_SECONDS)
    assert probe.read().usual_lag > 0.1


async def test_many_short_turns_in_one_round_are_lag_too(probe: LoopProbe) -> None:
    for _ in range(30):
        asyncio.get_running_loop().call_soon(time.sleep, LONG / 30)
    await asyncio.sleep(2 * TICK_SECONDS)
    assert probe.read().lag > 0.1


@pytest.fixture
def busy_machine() -> Iterator[None]:
    command = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(command) for _ in range(4 * (os.cpu_count() or 1))]
    yield
    for other in others:
        other.kill()
        other.wait()


@pytest.mark.usefixtures("busy_machine")
async def test_what_other_processes_take_is_no_lag(probe: LoopProbe) -> None:
    await asyncio.sleep(0.8)
    assert probe.read().lag < 0.1


async def test_the_tasks_of_the_loop_are_told_by_name(probe: LoopProbe) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(asyncio.sleep(60), name="somebody")
        assert "somebody" in probe.read().tasks
        waiting.cancel()
    assert "somebody" not in probe.read().tasks

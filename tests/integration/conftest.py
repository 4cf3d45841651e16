"""After every test of whole flows the invariants hold, of each server that runs then and of the test process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.support.invariants.descriptors import described, own_descriptors
from tests.support.invariants.watch import MOST_LEFT, RUNNING, SETTLE_SECONDS
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def invariants(request: pytest.FixtureRequest) -> Iterator[None]:
    """Servers that outlive a test are checked after each; those of one test check themselves when they end."""
    marker = request.node.get_closest_marker("asyncio")
    if marker is not None and (scope := marker.kwargs.get("loop_scope")) in ("module", "session"):
        request.getfixturevalue(f"invariants_in_the_{scope}_s_loop")
        yield
        return
    most = own_descriptors(os.getpid()) + MOST_LEFT
    yield
    _check_descriptors(most)


@pytest_asyncio.fixture(loop_scope="module")
async def invariants_in_the_module_s_loop() -> AsyncIterator[None]:
    most = own_descriptors(os.getpid()) + MOST_LEFT
    yield
    await _hold(most)


@pytest_asyncio.fixture(loop_scope="session")
async def invariants_in_the_session_s_loop() -> AsyncIterator[None]:
    most = own_descriptors(os.getpid()) + MOST_LEFT
    yield
    await _hold(most)


async def _hold(most: int) -> None:
    """A loop that goes on may need some turns to close what others have left.

    Once they are few enough they are not counted again: what a browser closes a moment later was not, as long as both
    ends were open, and is for as long as this one is not closed.
    """
    try:
        await until(lambda: own_descriptors(os.getpid()) <= most, SETTLE_SECONDS)
    except AssertionError:
        _check_descriptors(most)
    if problems := [problem for watch in RUNNING for problem in await watch.problems()]:
        pytest.fail("\n".join(problems))


def _check_descriptors(most: int) -> None:
    assert own_descriptors(os.getpid()) <= most, f"more than {most} descriptors: {described(os.getpid())}"

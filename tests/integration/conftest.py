"""After every test of whole flows the invariants hold, of each server that runs then and of the test process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.support.invariants.descriptors import described, own_descriptors
from tests.support.invariants.watch import MOST_LEFT, RUNNING


@pytest.fixture(autouse=True)
def invariants(request: pytest.FixtureRequest) -> Iterator[None]:
    """Servers of a module are checked after each of its tests; those of one test check themselves when they end."""
    marker = request.node.get_closest_marker("asyncio")
    if marker is not None and marker.kwargs.get("loop_scope") == "module":
        request.getfixturevalue("invariants_of_module_servers")
    before = own_descriptors(os.getpid())
    yield
    after = own_descriptors(os.getpid())
    assert after <= before + MOST_LEFT, f"{before} descriptors before, now {described(os.getpid())}"


@pytest_asyncio.fixture(loop_scope="module")
async def invariants_of_module_servers() -> AsyncIterator[None]:
    yield
    if problems := [problem for watch in RUNNING for problem in await watch.problems()]:
        pytest.fail("\n".join(problems))

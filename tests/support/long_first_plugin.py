"""Where processes share the tests, each begins with long ones: what is left for the last to end is short then."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain, groupby

import pytest

#: Whole flows, and pages in a browser.
LONG = ("tests/integration/", "tests/unit/web/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        items[:] = [items[index] for index in long_first([item.nodeid for item in items], processes)]


def long_first(tests: Sequence[str], shares: int) -> list[int]:
    """An order of tests, by index, of which equal consecutive shares each begin with whole modules of long ones.

    Such shares are what `--dist worksteal` gives its processes at first; who has ended steals the end of another's.
    """
    modules = [
        list(group) for _, group in groupby(range(len(tests)), key=lambda index: tests[index].partition("::")[0])
    ]
    long = [module for module in modules if tests[module[0]].startswith(LONG)]
    short = [index for module in modules if not tests[module[0]].startswith(LONG) for index in module]
    order: list[int] = []
    for share in range(shares):
        order += chain.from_iterable(long[share::shares])
        room = max(0, len(tests) * (share + 1) // shares - len(order))
        order += short[:room]
        short = short[room:]
    return order

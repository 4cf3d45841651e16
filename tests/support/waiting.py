"""Waiting in real time, for tests of what a real connection does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float) -> float:
    """How long it took until the condition held; fails after `seconds`."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        assert loop.time() - began < seconds, "it did not happen in time"
        await asyncio.sleep(0.001)
    return loop.time() - began

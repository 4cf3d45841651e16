"""A server in a process of its own tells its observer what its loop does."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.support.invariants import watch
from tests.support.node import running_node

#: Much more than a busy machine takes off: what the loop would have waited anyway is not its own.
HELD = 1.0


async def test_its_tasks_and_the_longest_wait_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_LAG_SECONDS", 10 * HELD)
    async with running_node(tmp_path) as node:
        assert {"event-log-writer", "lease-keeper", "sweep"} <= set((await node.reading()).tasks)
        node.send(signal.SIGSTOP)
        await asyncio.sleep(HELD)
        node.send(signal.SIGCONT)
        assert (await node.reading()).lag > HELD / 2
        assert (await node.reading()).lag < HELD / 2

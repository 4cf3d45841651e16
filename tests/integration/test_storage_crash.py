"""What was acknowledged is there after the process is killed, without gaps."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest

from app.db.database import open_database
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from lib.streaming.types import ExecutionId, Seq
from tests.support.database import fresh_database

KILLS = 3


async def acknowledged_until_killed(url: str, commits: int) -> dict[ExecutionId, int]:
    """Start a process that commits, kill it after so many lines, and return the last number it said for each."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.committing_process", url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said: dict[ExecutionId, int] = {}
    for _ in range(commits):
        execution, number = (await process.stdout.readline()).split()
        said[ExecutionId(execution.decode())] = int(number)
    process.kill()
    async for line in process.stdout:
        if line.endswith(b"\n"):
            execution, number = line.split()
            said[ExecutionId(execution.decode())] = int(number)
    await process.wait()
    return said


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without rows."""
    return fresh_database(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


async def test_a_killed_process_loses_nothing_it_had_acknowledged(url: str) -> None:
    clock, rng = SystemClock(), random.Random(2)
    said: dict[ExecutionId, int] = {}
    for _ in range(KILLS):
        said |= await acknowledged_until_killed(url, rng.randint(1, 400))
        storage = await open_database(url, clock, Uuid7Factory(clock.now_ms))
        for execution, number in said.items():
            handle = await storage.log_store.handle(execution)
            assert handle is not None
            entries = await storage.log_store.read(handle, Seq(0), 1_000_000)
            assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
            assert len(entries) == handle.last_seq >= number
        await storage.close()
    assert len(said) >= KILLS

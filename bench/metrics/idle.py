"""Memory that a stream takes which is open and says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bench.load import Load, LoadResult
from bench.metrics.streaming import shortfall
from bench.process_tree import resident_bytes
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import Script
from bench.target import Target

T = TypeVar("T")

_APART_SECONDS = 0.008
_SETTLE_SECONDS = 1.0
_DEADLINE_SECONDS = 60.0


async def idle(rig: Rig, target: Target, streams: int) -> list[Sample]:
    """Growth of the server's resident memory, after a first lot of streams has come and gone."""
    if target.pid is None:
        return []
    pid = target.pid

    async def resident() -> int:
        return resident_bytes(pid)

    await held_open(rig, target, max(10, streams // 5), resident)
    before = resident_bytes(pid)
    after, result = await held_open(rig, target, streams, resident)
    return [Sample(Metric.IDLE, target.name, (after - before) / streams / 1024, shortfall(result))]


async def held_open(rig: Rig, target: Target, streams: int, look: Callable[[], Awaitable[T]]) -> tuple[T, LoadResult]:
    """What `look` sees while the streams are open and silent, and how they ended."""
    load = Load(
        port=target.port,
        requests=[target.request(Script(1, hold=True))],
        streams=streams,
        tokens=1,
        ramp=streams * _APART_SECONDS,
        deadline=_DEADLINE_SECONDS,
    )
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(rig.play(load))
        await rig.until_open(streams, _DEADLINE_SECONDS / 2)
        await asyncio.sleep(_SETTLE_SECONDS)
        seen = await look()
        await rig.release()
    return seen, playing.result()

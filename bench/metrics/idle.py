"""Memory that a stream takes which is open and says nothing."""

from __future__ import annotations

import asyncio

from bench.load import Load, LoadResult
from bench.metrics.streaming import shortfall
from bench.process_tree import resident_bytes
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import Script
from bench.target import Target

_APART_SECONDS = 0.008
_SETTLE_SECONDS = 1.0
_DEADLINE_SECONDS = 60.0


async def idle(rig: Rig, target: Target, streams: int) -> list[Sample]:
    """Growth of the server's resident memory, after a first lot of streams has come and gone."""
    if target.pid is None:
        return []
    await _held_open(rig, target, max(10, streams // 5))
    before = resident_bytes(target.pid)
    after, result = await _held_open(rig, target, streams)
    return [Sample(Metric.IDLE, target.name, (after - before) / streams / 1024, shortfall(result))]


async def _held_open(rig: Rig, target: Target, streams: int) -> tuple[int, LoadResult]:
    """Resident bytes while the streams are open, and how they ended."""
    assert target.pid is not None
    load = Load(
        port=target.port,
        request=target.request(Script(1, hold=True)),
        streams=streams,
        tokens=1,
        ramp=streams * _APART_SECONDS,
        deadline=_DEADLINE_SECONDS,
    )
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(rig.play(load))
        await rig.until_open(streams, _DEADLINE_SECONDS / 2)
        await asyncio.sleep(_SETTLE_SECONDS)
        resident = resident_bytes(target.pid)
        await rig.release()
    return resident, playing.result()

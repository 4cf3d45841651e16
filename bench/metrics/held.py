"""How many streams at 50 tokens a second a server holds before the added p99 exceeds 50 ms."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bench.load import Load, LoadResult
from bench.metrics.streaming import RATE
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import Script
from bench.target import Target

LIMIT_MS = 50.0
#: Streams are begun this far apart, so that starting them is not what is measured.
_APART_SECONDS = 0.008


class Climb(msgspec.Struct):
    """Steps up until one is not held; asks the floor of the rig only where it can decide."""

    rig: Rig
    floor: Target
    seconds: float
    floors: dict[int, float] = msgspec.field(default_factory=dict)

    async def held(self, target: Target, steps: Sequence[int]) -> list[Sample]:
        """The last step held; a note says whether the steps ended first."""
        best, note = 0, "every step was held"
        for streams in steps:
            result = await self._play(target, streams)
            if not await self._holds(streams, result):
                note = f"{streams}: p99 {result.latency_p99 or 0:.0f} ms, {result.incomplete} incomplete"
                break
            best = streams
        return [Sample(Metric.HELD, target.name, best, note)]

    async def _holds(self, streams: int, result: LoadResult) -> bool:
        if result.incomplete or result.latency_p99 is None:
            return False
        if result.latency_p99 < LIMIT_MS:
            return True
        return result.latency_p99 < 2 * LIMIT_MS and result.latency_p99 - await self._floor(streams) < LIMIT_MS

    async def _floor(self, streams: int) -> float:
        if streams not in self.floors:
            self.floors[streams] = (await self._play(self.floor, streams)).latency_p99 or 0.0
        return self.floors[streams]

    async def _play(self, target: Target, streams: int) -> LoadResult:
        ramp = streams * _APART_SECONDS
        tokens = round((ramp + self.seconds) * RATE)
        return await self.rig.play(
            Load(
                port=target.port,
                requests=[target.request(Script(tokens, RATE))],
                streams=streams,
                tokens=tokens,
                ramp=ramp,
                steady=True,
                deadline=2 * (ramp + self.seconds) + 5,
            )
        )

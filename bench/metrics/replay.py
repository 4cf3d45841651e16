"""A thousand clients come back at once and want everything from the first event."""

from __future__ import annotations

import asyncio

from bench.load import Load
from bench.metrics.streaming import shortfall
from bench.ours import Ours
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import Script

RATE = 500
_FINISH_SECONDS = 1.0


async def replay(rig: Rig, target: Ours, clients: int, events: int) -> list[Sample]:
    """Seconds until all clients have all tokens: while the execution is live, then finished, then again."""
    execution = await target.start_unwatched(Script(events, rate=RATE, hold=True))
    await asyncio.sleep(events / RATE + _FINISH_SECONDS)
    live = await _all_caught_up(rig, target, execution, clients, events, Metric.REPLAY_LIVE)
    await rig.release()
    await asyncio.sleep(_FINISH_SECONDS)
    cold = await _all_caught_up(rig, target, execution, clients, events, Metric.REPLAY_COLD)
    warm = await _all_caught_up(rig, target, execution, clients, events, Metric.REPLAY_WARM)
    return [live, cold, warm]


async def _all_caught_up(rig: Rig, target: Ours, execution: str, clients: int, events: int, metric: Metric) -> Sample:
    result = await rig.play(
        Load(
            port=target.port,
            requests=[target.replay_request(execution)],
            streams=clients,
            tokens=events,
            leave_early=True,
            deadline=30,
        )
    )
    return Sample(metric, target.name, result.seconds, shortfall(result))

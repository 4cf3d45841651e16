"""What it costs to watch on another node than the one that runs an execution."""

from __future__ import annotations

import asyncio

from bench.load import Load, LoadResult
from bench.metrics.streaming import RATE, STREAMS, shortfall
from bench.ours import Ours
from bench.rig import Rig
from bench.sample import OTHER_NODE, Metric, Sample
from bench.script import Script

_RAMP_SECONDS = 0.5
#: For all viewers to have come before the first token.
_COMING_SECONDS = 2.5


async def second_node(rig: Rig, running: Ours, other: Ours, seconds: float) -> list[Sample]:
    """The same executions watched on both nodes at once, from before their first token."""
    tokens = round(seconds * RATE)
    executions = [await running.start_unwatched(Script(tokens, RATE, gate=True)) for _ in range(STREAMS)]
    async with asyncio.TaskGroup() as group:
        near = group.create_task(rig.play(_viewers(running, executions, tokens)))
        far = group.create_task(rig.play(_viewers(other, executions, tokens)))
        await asyncio.sleep(_COMING_SECONDS)
        await rig.release()
    return [*_samples(running.name, near.result()), *_samples(OTHER_NODE, far.result())]


def _viewers(node: Ours, executions: list[str], tokens: int) -> Load:
    return Load(
        port=node.port,
        requests=[node.replay_request(execution) for execution in executions],
        streams=len(executions),
        tokens=tokens,
        ramp=_RAMP_SECONDS,
        deadline=_COMING_SECONDS + 3 * tokens / RATE + 10,
    )


def _samples(name: str, result: LoadResult) -> list[Sample]:
    figures = {Metric.FOLLOWED_P50: result.latency_p50, Metric.FOLLOWED_P99: result.latency_p99}
    note = shortfall(result)
    return [Sample(metric, name, value, note) for metric, value in figures.items() if value is not None]

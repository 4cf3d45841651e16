"""How the cost of a token and its latency grow with the number of streams, at a load the server is far from filled by."""

from __future__ import annotations

from bench.load import Load
from bench.metrics.streaming import shortfall
from bench.rig import Rig
from bench.sample import Step
from bench.script import Script
from bench.target import Target

#: Streams and the tokens a second of each: from 50 streams on 2,000 tokens a second in all.
STEPS = ((10, 50), (50, 40), (100, 20), (200, 10), (400, 5), (1000, 2))
#: A start on PostgreSQL takes a shared core some 20 ms: what comes faster is never open all at once.
_APART_SECONDS = 0.03


async def growth(rig: Rig, target: Target, streams: int, rate: int, seconds: float) -> Step:
    """One step; figures are of the time in which all streams are open."""
    ramp = streams * _APART_SECONDS
    tokens = max(2, round((ramp + seconds) * rate))
    result = await rig.play(
        Load(
            port=target.port,
            requests=[target.request(Script(tokens, rate))],
            streams=streams,
            tokens=tokens,
            ramp=ramp,
            steady=True,
            deadline=3 * (ramp + seconds) + 10,
            server_pid=target.pid,
        )
    )
    return Step(
        target=target.name,
        streams=streams,
        rate=rate,
        cpu=result.steady_cpu_us_per_token,
        p50=result.latency_p50,
        p99=result.latency_p99,
        note=shortfall(result),
    )

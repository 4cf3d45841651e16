"""First token, latency and CPU of paced streams, burst: what is measured in every round of every target."""

from __future__ import annotations

from bench.load import Load, LoadResult
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import Script
from bench.target import Target

STREAMS = 50
RATE = 50
_RAMP_SECONDS = 0.5


async def warm_up(rig: Rig, target: Target) -> None:
    """Let a server import, connect and allocate what it does only once."""
    await rig.paced(target, 20, 0.4, RATE, 0.2)


async def first_token(rig: Rig, target: Target, requests: int) -> list[Sample]:
    """One request after the other, a new connection each; request sent to first token read."""
    result = await rig.play(
        Load(port=target.port, requests=[target.request(Script(1))], streams=requests, tokens=1, one_by_one=True)
    )
    figures = {Metric.FIRST_P50: result.first_p50, Metric.FIRST_P99: result.first_p99}
    return _samples(target, result, figures)


async def paced(rig: Rig, target: Target, seconds: float) -> list[Sample]:
    """50 streams at 50 tokens a second; CPU is that of the whole load, starts and ends included."""
    result = await rig.paced(target, STREAMS, seconds, RATE, _RAMP_SECONDS)
    figures = {
        Metric.LATENCY_P50: result.latency_p50,
        Metric.LATENCY_P99: result.latency_p99,
        Metric.CPU: result.cpu_us_per_token,
        Metric.STEADY_CPU: result.steady_cpu_us_per_token,
        Metric.DATABASE_CPU: result.database_cpu_us_per_token,
    }
    return _samples(target, result, figures)


async def burst(rig: Rig, target: Target, tokens: int) -> list[Sample]:
    """50 streams at once, no delay between tokens."""
    result = await rig.play(
        Load(
            port=target.port,
            requests=[target.request(Script(tokens))],
            streams=STREAMS,
            tokens=tokens,
            server_pid=target.pid,
        )
    )
    figures = {Metric.BURST: result.tokens / result.seconds, Metric.BURST_CPU: result.cpu_us_per_token}
    return _samples(target, result, figures)


def _samples(target: Target, result: LoadResult, figures: dict[Metric, float | None]) -> list[Sample]:
    note = shortfall(result)
    return [Sample(metric, target.name, value, note) for metric, value in figures.items() if value is not None]


def shortfall(result: LoadResult) -> str:
    """What to say of a load that did not come complete."""
    if not result.incomplete:
        return ""
    return f"{result.incomplete} of {result.incomplete + result.complete} streams incomplete {result.refusal[:80]!r}"

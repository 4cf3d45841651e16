"""What was measured: one figure of one target."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from bench.faults import Fault

#: The name under which figures of a node stand that only serves, beside another that runs.
OTHER_NODE = "other node"


class Metric(StrEnum):
    """Every figure of the table, with its unit."""

    FIRST_P50 = "time to first token, p50, ms"
    FIRST_P99 = "time to first token, p99, ms"
    LATENCY_P50 = "latency a token, p50, ms"
    LATENCY_P99 = "latency a token, p99, ms"
    CPU = "server CPU a token, µs"
    STEADY_CPU = "server CPU a token, starts and ends left out, µs"
    DATABASE_CPU = "PostgreSQL's own CPU a token, µs"
    FOLLOWED_P50 = "watched on two nodes, latency a token, p50, ms"
    FOLLOWED_P99 = "watched on two nodes, latency a token, p99, ms"
    HELD = "streams held at 50 tokens/s"
    BURST = "burst, tokens/s"
    BURST_CPU = "burst, server CPU a token, µs"
    IDLE = "memory an idle stream, KiB"
    STOP_STREAMING = "stop while streaming, upstream closed after, ms"
    STOP_SILENT = "stop while silent, upstream closed after, ms"
    LEAVE_STREAMING = "client leaves while streaming, upstream closed after, ms"
    LEAVE_SILENT = "client leaves while silent, upstream closed after, ms"
    LOG_LIVE = "log of 1,000 tokens, live, KiB"
    LOG_PACKED = "log of 1,000 tokens, compacted, KiB"
    REPLAY_LIVE = "replay of a live execution, s"
    REPLAY_COLD = "replay of a finished execution, first time, s"
    REPLAY_WARM = "replay of a finished execution, again, s"
    FAULTS = "upstream faults of which the client is told, of 6"


class Sample(msgspec.Struct, frozen=True):
    """One figure; `note` says what makes it doubtful, if anything does."""

    metric: Metric
    target: str
    value: float
    note: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """So many streams at so many tokens a second each: CPU microseconds a token, latencies in milliseconds."""

    target: str
    streams: int
    rate: int
    cpu: float | None
    p50: float | None
    p99: float | None
    note: str = ""


class Told(msgspec.Struct, frozen=True):
    """What a target told its client of an upstream's fault."""

    target: str
    fault: Fault
    words: str
    explicit: bool


class Figures:
    """All that a run measured; `doubts` are sentences about what could not be."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.steps: list[Step] = []
        self.told: list[Told] = []
        self.doubts: list[str] = []
        #: Title and tables of each look inside.
        self.inside: list[tuple[str, str]] = []

    def add(self, samples: Iterable[Sample]) -> None:
        self.samples.extend(samples)

    def values(self, metric: Metric, target: str) -> list[float]:
        """The rounds of one figure, in order."""
        return [sample.value for sample in self.samples if (sample.metric, sample.target) == (metric, target)]

    def median(self, metric: Metric, target: str) -> float | None:
        """The median over the rounds; None if it was not measured."""
        values = self.values(metric, target)
        return statistics.median(values) if values else None

    def difference(self, metric: Metric, target: str, other: str) -> float | None:
        """What a target's figure is above another's: the median over the rounds, each compared in itself."""
        pairs = list(zip(self.values(metric, target), self.values(metric, other), strict=False))
        return statistics.median(one - two for one, two in pairs) if pairs else None

    def notes(self) -> list[str]:
        """Every doubt once."""
        samples = (f"{sample.target}, {sample.metric}: {sample.note}" for sample in self.samples if sample.note)
        steps = (f"{step.target}, {step.streams} streams: {step.note}" for step in self.steps if step.note)
        return list(dict.fromkeys([*self.doubts, *samples, *steps]))

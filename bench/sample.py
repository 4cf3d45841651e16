"""What was measured: one figure of one target."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Metric(StrEnum):
    """Every figure of the table, with its unit."""

    FIRST_P50 = "time to first token, p50, ms"
    FIRST_P99 = "time to first token, p99, ms"
    LATENCY_P50 = "latency a token, p50, ms"
    LATENCY_P99 = "latency a token, p99, ms"
    CPU = "server CPU a token, µs"
    STEADY_CPU = "server CPU a token, starts and ends left out, µs"
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


class Sample(msgspec.Struct, frozen=True):
    """One figure; `note` says what makes it doubtful, if anything does."""

    metric: Metric
    target: str
    value: float
    note: str = ""


class Figures:
    """All samples of a run."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def add(self, samples: Iterable[Sample]) -> None:
        self.samples.extend(samples)

    def values(self, metric: Metric, target: str) -> list[float]:
        """The rounds of one figure, in order."""
        return [sample.value for sample in self.samples if (sample.metric, sample.target) == (metric, target)]

    def median(self, metric: Metric, target: str) -> float | None:
        """The median over the rounds; None if it was not measured."""
        values = self.values(metric, target)
        return statistics.median(values) if values else None

    def notes(self) -> list[str]:
        """Every doubt once."""
        doubts = (f"{sample.target}, {sample.metric}: {sample.note}" for sample in self.samples if sample.note)
        return list(dict.fromkeys(doubts))

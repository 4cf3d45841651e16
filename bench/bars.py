"""What is to be reached, as data: bounds on our figures, absolute, or as a multiple of a peer's, or beyond it."""

from __future__ import annotations

import msgspec

from bench.sample import OTHER_NODE, Figures, Metric

SQLITE, POSTGRES = "ours", "ours-pg"
EMIT_ONLY, EMIT_ONLY_POSTGRES = "emit-only", "emit-only-pg"


class Bar(msgspec.Struct, frozen=True):
    """`bar` must hold, `stretch` is wanted. With `peer` they are factors of that peer's figure.

    `added` takes off what the same load needs without any server. `at_least` turns the comparison round. With
    `beyond` they are what the figure may be above the peer's. `of` is the server that is judged.
    """

    metric: Metric
    bar: float
    stretch: float
    peer: str | None = None
    of: str = SQLITE
    added: bool = False
    at_least: bool = False
    beyond: bool = False


#: For the server on either database.
_BOTH = (
    Bar(Metric.CPU, 3.2, 2.5, "A"),
    Bar(Metric.CPU, 0.35, 0.23, "C"),
    Bar(Metric.CPU, 0.25, 0.16, "E"),
    Bar(Metric.LATENCY_P99, 1.5, 1.3, "C"),
    Bar(Metric.LATENCY_P99, 0.25, 0.12, "E"),
    Bar(Metric.LATENCY_P99, 10, 6.3),
    Bar(Metric.FIRST_P50, 0.5, 0.18, "C", added=True),
    Bar(Metric.FIRST_P50, 0.25, 0.08, "E", added=True),
    Bar(Metric.HELD, 0.25, 0.33, "A", at_least=True),
    Bar(Metric.HELD, 5, 8, "C", at_least=True),
    Bar(Metric.HELD, 4, 5.3, "E", at_least=True),
    Bar(Metric.BURST, 0.7, 1.1, "A", at_least=True),
    Bar(Metric.BURST, 8, 14, "C", at_least=True),
    Bar(Metric.BURST, 4, 5.3, "E", at_least=True),
    Bar(Metric.IDLE, 12, 6.7),
    Bar(Metric.IDLE, 0.2, 0.1, "C"),
    Bar(Metric.IDLE, 1.0, 0.5, "E"),
    Bar(Metric.STOP_STREAMING, 50, 3),
    Bar(Metric.STOP_SILENT, 50, 3),
    Bar(Metric.LEAVE_STREAMING, 50, 3),
    Bar(Metric.LEAVE_SILENT, 50, 3),
    Bar(Metric.REPLAY_LIVE, 0.5, 0.34),
    Bar(Metric.REPLAY_COLD, 0.6, 0.24),
    Bar(Metric.REPLAY_WARM, 0.5, 0.25),
    Bar(Metric.FAULTS, 6, 6, at_least=True),
)
_SQLITE_ONLY = (
    Bar(Metric.LATENCY_P50, 1.0, 0.63, "C"),
    Bar(Metric.LATENCY_P50, 0.6, 0.39, "E"),
    Bar(Metric.LATENCY_P50, 1.0, 0.4, EMIT_ONLY, beyond=True),
    Bar(Metric.LOG_LIVE, 45, 35),
    Bar(Metric.LOG_PACKED, 12, 8.1),
)
_POSTGRES_ONLY = (
    Bar(Metric.LATENCY_P50, 1.5, 1.22, "C", of=POSTGRES),
    Bar(Metric.LATENCY_P50, 2.0, 1.4, EMIT_ONLY_POSTGRES, of=POSTGRES, beyond=True),
    Bar(Metric.FOLLOWED_P50, 6, 1.2, POSTGRES, of=OTHER_NODE, beyond=True),
    Bar(Metric.FOLLOWED_P99, 15, 1.0, POSTGRES, of=OTHER_NODE, beyond=True),
)
BARS = (
    *_SQLITE_ONLY,
    *_BOTH,
    *_POSTGRES_ONLY,
    *(msgspec.structs.replace(bar, of=POSTGRES) for bar in _BOTH),
)


class Verdict(msgspec.Struct, frozen=True):
    """A bar against what was measured; `measured` is a factor where the bar is one. None: not measured."""

    bar: Bar
    measured: float | None

    @property
    def word(self) -> str:
        """`stretch`, `bar`, `missed`, or `-` where nothing was measured."""
        if self.measured is None:
            return "-"
        if self._within(self.bar.stretch):
            return "stretch"
        return "bar" if self._within(self.bar.bar) else "missed"

    def _within(self, bound: float) -> bool:
        assert self.measured is not None
        return self.measured >= bound if self.bar.at_least else self.measured <= bound


def judge(figures: Figures) -> list[Verdict]:
    """Every bar against the medians."""
    return [Verdict(bar, _measured(figures, bar)) for bar in BARS]


def _measured(figures: Figures, bar: Bar) -> float | None:
    if bar.beyond:
        assert bar.peer is not None
        return figures.difference(bar.metric, bar.of, bar.peer)
    floor = (figures.median(bar.metric, "direct") or 0.0) if bar.added else 0.0
    ours = figures.median(bar.metric, bar.of)
    if ours is None or bar.peer is None:
        return ours if ours is None else ours - floor
    theirs = figures.median(bar.metric, bar.peer)
    if theirs is None or theirs - floor <= 0:
        return None
    return (ours - floor) / (theirs - floor)

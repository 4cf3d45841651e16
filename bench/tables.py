"""Figures as Markdown tables, which a terminal shows just as well."""

from __future__ import annotations

from collections.abc import Sequence

from bench.bars import EMIT_ONLY, EMIT_ONLY_POSTGRES, POSTGRES, SQLITE, Bar, Verdict
from bench.faults import Fault
from bench.sample import OTHER_NODE, Figures, Metric, Step

SERVERS = ("direct", "A", "C", "E", SQLITE, POSTGRES)
#: What is measured of ours against ours: without the log, and from another node.
VARIANTS = (SQLITE, EMIT_ONLY, POSTGRES, EMIT_ONLY_POSTGRES, OTHER_NODE)
_OF_VARIANTS = (
    Metric.LATENCY_P50,
    Metric.LATENCY_P99,
    Metric.CPU,
    Metric.DATABASE_CPU,
    Metric.FOLLOWED_P50,
    Metric.FOLLOWED_P99,
)
_OF_SERVERS = tuple(metric for metric in Metric if metric not in (Metric.FOLLOWED_P50, Metric.FOLLOWED_P99))

_FAULTS = {
    Fault.RESET: "connection reset",
    Fault.CLOSED: "connection closed",
    Fault.NO_FINISH: "ended without a finish reason",
    Fault.ERROR_OBJECT: "error object in the stream",
    Fault.MALFORMED: "one chunk is no JSON",
    Fault.STATUS_500: "status 500",
}


def figure_table(figures: Figures) -> str:
    """Medians of every metric and server, with the range over the rounds."""
    return _figures(figures, _OF_SERVERS, SERVERS)


def variant_table(figures: Figures) -> str:
    """Ours with and without its log, and watched from another node."""
    return _figures(figures, _OF_VARIANTS, VARIANTS)


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Bar, stretch, measured, reached."""
    rows = [
        [
            verdict.bar.of,
            verdict.bar.metric.value + (", added" if verdict.bar.added else ""),
            _bound(verdict.bar, verdict.bar.bar),
            _bound(verdict.bar, verdict.bar.stretch),
            "not measured" if verdict.measured is None else _number(verdict.measured) + _unit(verdict.bar),
            f"**{verdict.word}**" if verdict.word == "missed" else verdict.word,
        ]
        for verdict in verdicts
    ]
    return table(["server", "figure", "bar", "stretch", "measured", "reached"], rows)


def growth_table(steps: Sequence[Step]) -> str:
    """A row for each number of streams; for each server CPU µs a token, p50 and p99 in ms."""
    targets = list(dict.fromkeys(step.target for step in steps))
    loads = list(dict.fromkeys((step.streams, step.rate) for step in steps))
    cells = {(step.target, step.streams): _step(step) for step in steps}
    rows = [
        [f"{streams:,} at {rate}/s", f"{streams * rate:,}", *(cells.get((target, streams), "") for target in targets)]
        for streams, rate in loads
    ]
    return table(["streams", "tokens/s", *(f"{target}: CPU, p50, p99" for target in targets)], rows)


def fault_table(figures: Figures) -> str:
    """A row for each fault, a column for each server."""
    targets = list(dict.fromkeys(told.target for told in figures.told))
    cells = {(told.target, told.fault): told.words for told in figures.told}
    rows = [[name, *(cells.get((target, fault), "") for target in targets)] for fault, name in _FAULTS.items()]
    return table(["the upstream's fault", *targets], rows)


def _figures(figures: Figures, metrics: Sequence[Metric], names: Sequence[str]) -> str:
    targets = [name for name in names if any(figures.values(metric, name) for metric in metrics)]
    rows = [
        [metric.value, *(_spread(figures.values(metric, name)) for name in targets)]
        for metric in metrics
        if any(figures.values(metric, name) for name in targets)
    ]
    return table(["", *targets], rows)


def _step(step: Step) -> str:
    return ", ".join("-" if value is None else _number(value) for value in (step.cpu, step.p50, step.p99))


def _bound(bar: Bar, value: float) -> str:
    return f"{'≥' if bar.at_least else '≤'} {_number(value)}{_unit(bar)}"


def _unit(bar: Bar) -> str:
    if bar.beyond:
        return f" above {bar.peer}"
    return f" x {bar.peer}" if bar.peer else ""


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    ordered = sorted(values)
    middle = _number(ordered[len(ordered) // 2])
    return middle if len(ordered) == 1 else f"{middle} [{_number(ordered[0])}-{_number(ordered[-1])}]"


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

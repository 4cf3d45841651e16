"""Figures as Markdown tables, which a terminal shows just as well."""

from __future__ import annotations

from collections.abc import Sequence

from bench.bars import Bar, Verdict
from bench.sample import Figures, Metric

TARGETS = ("direct", "A", "C", "E", "ours")


def figure_table(figures: Figures) -> str:
    """Medians of every metric and target, with the range over the rounds."""
    targets = [name for name in TARGETS if any(figures.values(metric, name) for metric in Metric)]
    rows = [
        [metric.value, *(_spread(figures.values(metric, name)) for name in targets)]
        for metric in Metric
        if any(figures.values(metric, name) for name in targets)
    ]
    return table(["", *targets], rows)


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Bar, stretch, measured, reached."""
    rows = [
        [
            verdict.bar.metric.value + (", added" if verdict.bar.added else ""),
            _bound(verdict.bar, verdict.bar.bar),
            _bound(verdict.bar, verdict.bar.stretch),
            "not measured" if verdict.measured is None else _number(verdict.measured) + _unit(verdict.bar),
            f"**{verdict.word}**" if verdict.word == "missed" else verdict.word,
        ]
        for verdict in verdicts
    ]
    return table(["ours", "bar", "stretch", "measured", "reached"], rows)


def _bound(bar: Bar, value: float) -> str:
    return f"{'≥' if bar.at_least else '≤'} {_number(value)}{_unit(bar)}"


def _unit(bar: Bar) -> str:
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

"""The two kinds of figure that are more than one number. Not for use from several threads."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from types import MappingProxyType

#: What is counted of label values beyond a tally's bound.
OTHER = "other"


class Histogram:
    """Observations by upper bound; `counts[i]` are those at most `bounds[i]`, the last those above all bounds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        return sum(self.counts)


class Tally:
    """Counts by label values. At most `bound` different ones are told apart, so nobody's input can fill memory."""

    __slots__ = ("_bound", "_counts")

    def __init__(self, bound: int = 256) -> None:
        self._bound = bound
        self._counts: dict[tuple[str, ...], int] = {}

    def add(self, *labels: str) -> None:
        counts = self._counts
        if labels not in counts and len(counts) >= self._bound:
            labels = (OTHER,) * len(labels)
        counts[labels] = counts.get(labels, 0) + 1

    @property
    def counts(self) -> Mapping[tuple[str, ...], int]:
        return MappingProxyType(self._counts)


class HistogramsBy:
    """Histograms by one label value, bounded as a tally is."""

    __slots__ = ("_bound", "_bounds", "_histograms")

    def __init__(self, bounds: tuple[float, ...], bound: int = 32) -> None:
        self._bounds = bounds
        self._bound = bound
        self._histograms: dict[str, Histogram] = {}

    def observe(self, label: str, value: float) -> None:
        histogram = self._histograms.get(label)
        if histogram is None:
            if len(self._histograms) >= self._bound:
                label = OTHER
            histogram = self._histograms.setdefault(label, Histogram(self._bounds))
        histogram.observe(value)

    @property
    def histograms(self) -> Mapping[str, Histogram]:
        return MappingProxyType(self._histograms)

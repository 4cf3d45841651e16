"""Plain figures: what falls where, and what cannot grow."""

from __future__ import annotations

import pytest

from lib.streaming.metering.numbers import OTHER, Histogram, HistogramsBy, Tally


@pytest.mark.parametrize(("value", "place"), [(0, 0), (1, 0), (1.1, 1), (2, 1), (5, 2), (5.1, 3), (1e9, 3)])
def test_an_observation_counts_in_the_bucket_of_the_next_bound(value: float, place: int) -> None:
    histogram = Histogram((1, 2, 5))
    histogram.observe(value)
    assert histogram.counts[place] == histogram.count == 1
    assert histogram.total == value


def test_labels_are_told_apart_up_to_a_bound_and_then_counted_together() -> None:
    tally = Tally(bound=2)
    for label in ("a", "b", "c", "a", "d"):
        tally.add(label, "x")
    assert tally.counts == {("a", "x"): 2, ("b", "x"): 1, (OTHER, OTHER): 2}


def test_histograms_by_label_are_bounded_too() -> None:
    histograms = HistogramsBy((1,), bound=2)
    for label in ("a", "b", "c", "d", "a"):
        histograms.observe(label, 0.5)
    assert {label: histogram.count for label, histogram in histograms.histograms.items()} == {"a": 2, "b": 1, OTHER: 2}

from __future__ import annotations

from pathlib import Path

import pytest

from bench.bars import judge
from bench.report import BEGIN, END, put_into
from bench.sample import Figures, Metric, Sample
from bench.tables import figure_table, verdict_table


def _figures(**values: float) -> Figures:
    figures = Figures()
    figures.add(Sample(Metric.CPU, target, value) for target, value in values.items())
    return figures


def _words(figures: Figures) -> dict[str | None, str]:
    return {verdict.bar.peer: verdict.word for verdict in judge(figures) if verdict.bar.metric == Metric.CPU}


def test_ratios_to_a_peer_are_judged_and_missing_peers_are_not() -> None:
    assert _words(_figures(A=20, C=200, ours=60)) == {"A": "bar", "C": "bar", "E": "-"}
    assert _words(_figures(A=20, C=200, ours=80)) == {"A": "missed", "C": "missed", "E": "-"}
    assert _words(_figures(A=20, C=200, ours=40)) == {"A": "stretch", "C": "stretch", "E": "-"}


def test_added_time_is_measured_from_the_floor_of_the_rig() -> None:
    figures = Figures()
    figures.add(Sample(Metric.FIRST_P50, target, value) for target, value in (("direct", 1), ("C", 5), ("ours", 3)))
    first = [verdict for verdict in judge(figures) if verdict.bar.metric == Metric.FIRST_P50]
    assert [verdict.measured for verdict in first] == [0.5, None]


def test_tables_show_medians_and_what_was_missed() -> None:
    figures = _figures(A=20, ours=80)
    figures.add([Sample(Metric.CPU, "A", 30), Sample(Metric.CPU, "A", 25, "busy")])
    assert "25 [20-30]" in figure_table(figures)
    assert "≤ 3.2 x A | ≤ 2.5 x A | 3.2 x A | bar |" in verdict_table(judge(figures))
    assert figures.notes() == ["A, server CPU a token, µs: busy"]


def test_prose_around_the_measured_section_stays(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")
    put_into(document, f"{BEGIN}\nnew\n{END}\n")
    assert document.read_text() == f"# Before\n\n{BEGIN}\nnew\n{END}\n\nAfter.\n"


def test_a_document_without_marks_gets_the_section_at_its_end(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    put_into(document, f"{BEGIN}\nnew\n{END}\n")
    assert document.read_text() == f"# Performance\n\n{BEGIN}\nnew\n{END}\n"


def test_a_document_with_half_a_mark_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"{BEGIN}\nprose")
    with pytest.raises(ValueError, match="end"):
        put_into(document, "new")
    assert document.read_text() == f"{BEGIN}\nprose"

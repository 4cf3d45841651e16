from __future__ import annotations

from pathlib import Path

import pytest

from bench.bars import POSTGRES, SQLITE, Verdict, judge
from bench.faults import Fault
from bench.report import BEGIN, END, put_into
from bench.sample import OTHER_NODE, Figures, Metric, Sample, Step, Told
from bench.tables import fault_table, figure_table, growth_table, verdict_table


def _figures(**values: float) -> Figures:
    figures = Figures()
    figures.add(Sample(Metric.CPU, target, value) for target, value in values.items())
    return figures


def _words(figures: Figures) -> dict[str | None, str]:
    return {verdict.bar.peer: verdict.word for verdict in _verdicts(figures, Metric.CPU)}


def _verdicts(figures: Figures, metric: Metric, of: str = SQLITE) -> list[Verdict]:
    return [verdict for verdict in judge(figures) if (verdict.bar.metric, verdict.bar.of) == (metric, of)]


def test_ratios_to_a_peer_are_judged_and_missing_peers_are_not() -> None:
    assert _words(_figures(A=20, C=200, ours=60)) == {"A": "bar", "C": "bar", "E": "-"}
    assert _words(_figures(A=20, C=200, ours=80)) == {"A": "missed", "C": "missed", "E": "-"}
    assert _words(_figures(A=20, C=200, ours=40)) == {"A": "stretch", "C": "stretch", "E": "-"}


def test_added_time_is_measured_from_the_floor_of_the_rig() -> None:
    figures = Figures()
    figures.add(Sample(Metric.FIRST_P50, target, value) for target, value in (("direct", 1), ("C", 5), ("ours", 3)))
    assert [verdict.measured for verdict in _verdicts(figures, Metric.FIRST_P50)] == [0.5, None]


def test_what_is_beyond_another_server_is_compared_round_by_round() -> None:
    figures = Figures()
    # The machine was slow in the second round, for both.
    figures.add(Sample(Metric.FOLLOWED_P50, POSTGRES, value) for value in (1, 30, 2))
    figures.add(Sample(Metric.FOLLOWED_P50, OTHER_NODE, value) for value in (4, 35, 9))
    (verdict,) = _verdicts(figures, Metric.FOLLOWED_P50, OTHER_NODE)
    assert (verdict.measured, verdict.word) == (5, "bar")
    assert "≤ 6 above ours-pg" in verdict_table([verdict])


def test_tables_show_medians_and_what_was_missed() -> None:
    figures = _figures(A=20, ours=80)
    figures.add([Sample(Metric.CPU, "A", 30), Sample(Metric.CPU, "A", 25, "busy")])
    assert "25 [20-30]" in figure_table(figures)
    assert "≤ 3.2 x A | ≤ 2.5 x A | 3.2 x A | bar |" in verdict_table(judge(figures))
    assert figures.notes() == ["A, server CPU a token, µs: busy"]


def test_growth_is_a_row_for_each_number_of_streams() -> None:
    steps = [
        Step(target=target, streams=streams, rate=5, cpu=70, p50=1.25, p99=None)
        for streams in (10, 1000)
        for target in ("A", "ours")
    ]
    rows = growth_table(steps).splitlines()
    assert rows[0] == "| streams | tokens/s | A: CPU, p50, p99 | ours: CPU, p50, p99 |"
    assert rows[3] == "| 1,000 at 5/s | 5,000 | 70, 1.25, - | 70, 1.25, - |"


def test_faults_are_a_row_each_and_a_server_that_was_not_asked_has_an_empty_cell() -> None:
    figures = Figures()
    figures.told.append(Told("C", Fault.RESET, "cut", explicit=False))
    figures.told.append(Told("ours", Fault.MALFORMED, "told", explicit=True))
    rows = fault_table(figures).splitlines()
    assert rows[0] == "| the upstream's fault | C | ours |"
    assert "| connection reset | cut |  |" in rows
    assert "| one chunk is no JSON |  | told |" in rows


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
